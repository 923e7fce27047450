/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * qdisc: reads and writes a device's root qdisc with its classes and filters, by rtnetlink.
 * qdisc_plan.h decides what it should be.
 */
#ifndef NETDEV_QDISC_H
#define NETDEV_QDISC_H

#include "netdev/link.h"
#include "netdev/qdisc_plan.h"

/*
 * Reads the qdiscs of @ifindex with their classes and filters. An empty tree: it has none, or is
 * gone. The caller frees it with qdisc_tree_free. Returns 0, or -errno: -EINTR if it kept changing.
 */
int qdisc_read(struct link_requests *requests, int ifindex, struct qdisc_tree *ret);

/*
 * Creates the sorted @tree on @ifindex, whose root qdisc is the kernel's default. Returns 0, or
 * -errno: then the default is restored, and *ret_kind (into @tree) is the refused kind. If the
 * device is up, packets in its queues and packets sent during the call are lost.
 */
int qdisc_build(struct link_requests *requests, int ifindex, const struct qdisc_tree *tree,
		const char **ret_kind);

/*
 * Deletes the root qdisc, which restores the kernel's default, with the same loss of packets.
 * Returns 0, also if there is none, or -errno.
 */
int qdisc_remove(struct link_requests *requests, int ifindex);

/* Waits until the root qdisc's queues are empty, at most @timeout_ms. */
void qdisc_drain(struct link_requests *requests, int ifindex, unsigned timeout_ms);

/*
 * Deletes the root qdisc of @ifindex if it still has the handle @ours (0: none). Returns 0 or
 * -errno.
 */
int qdisc_take_back(struct link_requests *requests, int ifindex, uint32_t ours);

/*
 * Calls qdisc_plan_make with what both devices have now. @primary 0: there is none, and no plan for
 * it.
 */
int qdisc_plan_read(struct link_requests *requests, int standby, int primary, uint32_t ours,
		    bool keep, struct qdisc_plan *ret);

#endif
