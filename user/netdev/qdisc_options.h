/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * qdisc_options: which kinds of qdiscs and classes can be copied, and which of their options must
 * change for that.
 */
#ifndef NETDEV_QDISC_OPTIONS_H
#define NETDEV_QDISC_OPTIONS_H

#include "netdev/qdisc_tree.h"

/*
 * Sets @object's options, in the form that the kernel accepts, and its flaw. @payload: of
 * TCA_OPTIONS in a dump, @length bytes (NULL: none). Returns 0 or -ENOMEM.
 */
int qdisc_options_take(struct qdisc_object *object, const void *payload, size_t length);

/* Adds an attribute of @size bytes to @object's options. Returns 0 or -ENOMEM. */
int qdisc_options_append(struct qdisc_object *object, int type, const void *data, size_t size);

#endif
