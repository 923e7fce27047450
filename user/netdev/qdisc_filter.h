/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * qdisc_filter: which kinds of filters below a qdisc can be copied, and which of their options must
 * change for that.
 */
#ifndef NETDEV_QDISC_FILTER_H
#define NETDEV_QDISC_FILTER_H

#include "netdev/qdisc_tree.h"

/*
 * As qdisc_options_take, for a filter. A u32 filter's handle loses its table's number, which the
 * kernel assigns.
 */
int qdisc_filter_take(struct qdisc_object *object, const void *payload, size_t length);

/* Is the dumped filter only a container: the head of a priority, or u32's root table? */
bool qdisc_filter_is_placeholder(const struct qdisc_object *object, const void *payload,
				 size_t length);

#endif
