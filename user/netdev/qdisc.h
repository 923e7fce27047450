/* SPDX-License-Identifier: GPL-2.0-only */
/* qdisc: a device's root qdisc with all that belongs to it, read and written by rtnetlink. What it should be, is decided in qdisc_plan.h. */
#ifndef NETDEV_QDISC_H
#define NETDEV_QDISC_H

#include "netdev/link.h"
#include "netdev/qdisc_plan.h"

/*
 * Reads the qdiscs of @ifindex with their classes and filters; for a device without, or gone, an empty tree. The caller ends with
 * qdisc_tree_free. Returns 0, or -errno: -EINTR when they went on changing.
 */
int qdisc_read(struct link_requests *requests, int ifindex, struct qdisc_tree *ret);

/*
 * Makes the sorted @tree on @ifindex, whose root is the kernel's default. Returns 0, or -errno with the default in place again and *ret_kind
 * (into @tree) naming what was refused. On a device that is up what is in its queues is lost, and what is sent meanwhile.
 */
int qdisc_build(struct link_requests *requests, int ifindex, const struct qdisc_tree *tree, const char **ret_kind);

/* Takes the root qdisc away, which makes it the kernel's default, and costs the same. Returns 0, also when there is none, or -errno. */
int qdisc_remove(struct link_requests *requests, int ifindex);

/* Waits until the root qdisc's queues are empty, at most @timeout_ms. */
void qdisc_drain(struct link_requests *requests, int ifindex, unsigned timeout_ms);

/* Takes from @ifindex the root qdisc with the handle @ours (0: none), if it is still there. Returns 0 or -errno. */
int qdisc_take_back(struct link_requests *requests, int ifindex, uint32_t ours);

/* qdisc_plan_make from what both devices have now; @primary 0: there is none, and none is wanted. */
int qdisc_plan_read(struct link_requests *requests, int standby, int primary, uint32_t ours, bool keep,
		    struct qdisc_plan *ret);

#endif
