/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * qdisc_tree: one device's root qdisc with its classes, child qdiscs and filters: parsed from
 * rtnetlink messages, kept in the form that rtnetlink accepts. Pure. Options are copied unparsed,
 * unless a kind's dump differs from what the kernel accepts. libnl-route knows fewer kinds, and
 * rounds rates and bursts.
 */
#ifndef NETDEV_QDISC_TREE_H
#define NETDEV_QDISC_TREE_H

#include <linux/pkt_sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QDISC_KIND_SIZE 16 /* IFNAMSIZ, the kernel's limit (TCA_KIND) */

enum qdisc_type {
	QDISC_QUEUE,
	QDISC_CLASS,
	QDISC_FILTER,
};

struct qdisc_object {
	enum qdisc_type type;
	uint32_t parent, handle;
	uint32_t info; /* of a filter: priority and protocol */
	char kind[QDISC_KIND_SIZE];
	struct tc_sizespec size_table; /* all zero: none */
	uint32_t queued;	       /* packets in a qdisc when it was read; not compared */
	const char *flaw;	       /* why it cannot be copied, a static string; NULL: it can */
	uint16_t options_length;
	uint8_t *options; /* payload of TCA_OPTIONS to write; NULL: none */
};

struct qdisc_tree {
	struct qdisc_object *objects;
	size_t count;
};

/* Properties of a kind of qdisc. */
bool qdisc_kind_has_classes(const char *kind); /* created by users: to be read and written */
bool qdisc_kind_has_filters(const char *kind);
/*
 * The kind sorts or limits packets by flow or in total, not by time: one qdisc per queue does the
 * same as one for the device.
 */
bool qdisc_kind_is_divisible(const char *kind);

/*
 * Adds the object of a message (RTM_NEWQDISC, RTM_NEWTCLASS, RTM_NEWTFILTER; @length bytes) about
 * the device @ifindex. Leaves out clsact, ingress, classes that their qdisc creates, and containers
 * (the head of a filter's priority, u32's root table). Returns 0, -EBADMSG for a malformed message,
 * or -ENOMEM.
 */
int qdisc_tree_take(struct qdisc_tree *tree, const void *message, size_t length, int ifindex);

/* Adds a copy of @object. Returns 0 or -ENOMEM. */
int qdisc_tree_add(struct qdisc_tree *tree, const struct qdisc_object *object);

/* Returns the root qdisc. NULL: the device has none yet. */
const struct qdisc_object *qdisc_tree_root(const struct qdisc_tree *tree);

/*
 * Sorts the objects into an order in which they can be created, the same for equal trees. False: an
 * object's parent is missing.
 */
bool qdisc_tree_sort(struct qdisc_tree *tree);

/* @a and @b are sorted. */
bool qdisc_tree_is_equal(const struct qdisc_tree *a, const struct qdisc_tree *b);

/* A hash of a sorted tree; never 0. */
uint64_t qdisc_tree_hash(const struct qdisc_tree *tree);

/* Returns the first object with a flaw. NULL: there is none. */
const struct qdisc_object *qdisc_tree_flaw(const struct qdisc_tree *tree);

void qdisc_tree_free(struct qdisc_tree *tree); /* leaves an empty tree */

#endif
