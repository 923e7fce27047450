/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * qdisc_tree: the root qdisc of one device with its classes, child qdiscs and filters, as rtnetlink tells of them, in the form in which
 * rtnetlink takes them again. Pure: bytes in, objects out. The options are copied, not understood, but for those that the kernel
 * dumps in another form than it takes; libnl-route's objects know fewer of them, and round rates and bursts.
 */
#ifndef NETDEV_QDISC_TREE_H
#define NETDEV_QDISC_TREE_H

#include <linux/pkt_sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QDISC_KIND_SIZE 16 /* as IFNAMSIZ, the kernel's own limit */

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
	const char *flaw;	       /* why it cannot be copied, a static text; NULL: it can */
	uint16_t options_length;
	uint8_t *options; /* payload of TCA_OPTIONS as it is to be written; NULL: none */
};

struct qdisc_tree {
	struct qdisc_object *objects;
	size_t count;
};

/* What a qdisc's kind brings along. */
bool qdisc_kind_has_classes(const char *kind); /* that somebody makes: to be read and written */
bool qdisc_kind_has_filters(const char *kind);
/* It sorts or limits packets by flow or in all, not by time: as many of them as there are queues do what one does. */
bool qdisc_kind_is_divisible(const char *kind);

/*
 * Adds what a message (RTM_NEWQDISC, RTM_NEWTCLASS, RTM_NEWTFILTER; @length bytes) tells of the device @ifindex. Left out: clsact and ingress,
 * classes that come with their qdisc, and what only stands for others (the head of a filter's priority, u32's root table).
 * Returns 0, -EBADMSG for one that cannot be understood, or -ENOMEM.
 */
int qdisc_tree_take(struct qdisc_tree *tree, const void *message, size_t length, int ifindex);

/* Adds a copy of @object; likewise -ENOMEM. */
int qdisc_tree_add(struct qdisc_tree *tree, const struct qdisc_object *object);

/* The root qdisc; NULL: the device has had none yet. */
const struct qdisc_object *qdisc_tree_root(const struct qdisc_tree *tree);

/* Brings the objects into the order in which they can be made, the same for equal trees. False: one stands below nothing. */
bool qdisc_tree_sort(struct qdisc_tree *tree);

/* Of sorted trees. */
bool qdisc_tree_is_equal(const struct qdisc_tree *a, const struct qdisc_tree *b);

/* A number that stands for a sorted tree; never 0. */
uint64_t qdisc_tree_hash(const struct qdisc_tree *tree);

/* The first flaw of any object, and that object; NULL: none. */
const struct qdisc_object *qdisc_tree_flaw(const struct qdisc_tree *tree);

void qdisc_tree_free(struct qdisc_tree *tree); /* leaves an empty tree */

#endif
