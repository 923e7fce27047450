/* SPDX-License-Identifier: GPL-2.0-only */
/* unload_parts: what unload.c and unload_unreadable.c share; others use unload.h. */
#ifndef AGENT_UNLOAD_PARTS_H
#define AGENT_UNLOAD_PARTS_H

#include "maps/pins.h"
#include "netdev/link.h"
#include "netdev/netdev.h"

/*
 * Where a pair's traffic stays: whose addresses are announced, and over which device. Without one
 * nothing is.
 */
struct unload_wire {
	int owner, device; /* ifindexes */
};

/*
 * Announces the addresses of the owners of @wires (@count), and waits for frames that the network
 * still sends the other way. @pins: NULL if they cannot be read.
 */
void unload_announce(const struct pins *pins, const struct unload_wire *wires, unsigned count,
		     struct netdev_table *table, struct link_requests *requests, int announce_fd);

/*
 * Leaves @primary as a fresh device, and down, unless it is in other use. @owner: NULL if unknown.
 * Lists first: if a device is down, the kernel keeps its counts of them (__dev_set_rx_mode). Tries
 * all; returns 0 or the first -errno.
 */
int unload_give_back(const struct netdev *primary, const struct netdev *owner,
		     enum vfsteer_kind kind, struct netdev_table *table,
		     struct link_requests *requests);

#endif
