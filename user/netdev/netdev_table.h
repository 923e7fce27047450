/* SPDX-License-Identifier: GPL-2.0-only */
/* netdev_table: the table itself, without its sources. For netdev*.c only; others use netdev.h. */
#ifndef NETDEV_NETDEV_TABLE_H
#define NETDEV_NETDEV_TABLE_H

#include "netdev/netdev.h"

struct nl_sock;

#define NETDEV_MESSAGE_SIZE (64 * 1024)

struct netdev_table {
	struct netdev *devices; /* sorted by ifindex */
	size_t device_count, device_size;
	struct netdev_address *addresses; /* sorted: see address_compare in netdev_table.c */
	size_t address_count, address_size;
	unsigned mark; /* of the current or last dump */
	unsigned incarnations; /* devices added so far */
	/* For netdev.c only. */
	struct nl_sock *notifications; /* non-blocking */
	/* blocking; a socket of its own, so that answers and notifications do not mix */
	struct nl_sock *requests;
	bool incomplete;               /* messages were lost, and no dump has followed */
	_Alignas(8) char buffer[NETDEV_MESSAGE_SIZE];
};

/* Each returns the entry, or NULL. It is valid until the next change of the table. */
struct netdev *netdev_device_find(const struct netdev_table *table, int ifindex);
struct netdev_address *netdev_address_find(const struct netdev_table *table,
					   const struct netdev_address *address);

/* Each returns what changed (a mask of enum netdev_change), or -ENOMEM. */
int netdev_device_put(struct netdev_table *table, struct netdev *device);
int netdev_device_remove(struct netdev_table *table, int ifindex); /* and its addresses */
int netdev_address_put(struct netdev_table *table, const struct netdev_address *address);
int netdev_address_remove(struct netdev_table *table, const struct netdev_address *address);

/* Removes entries without the current table->mark. */
void netdev_sweep(struct netdev_table *table);

#endif
