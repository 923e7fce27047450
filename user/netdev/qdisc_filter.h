/* SPDX-License-Identifier: GPL-2.0-only */
/* qdisc_filter: which kinds of filters below a qdisc can be copied, and what has to be changed in their options for that. */
#ifndef NETDEV_QDISC_FILTER_H
#define NETDEV_QDISC_FILTER_H

#include "netdev/qdisc_tree.h"

/* As qdisc_options_take, for a filter. Of its other fields, a u32 filter's handle loses the table, which the kernel numbers itself. */
int qdisc_filter_take(struct qdisc_object *object, const void *payload, size_t length);

/* Does the dumped filter only stand for others: the head of a priority, or u32's root table? */
bool qdisc_filter_is_placeholder(const struct qdisc_object *object, const void *payload, size_t length);

#endif
