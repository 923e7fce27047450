/* SPDX-License-Identifier: GPL-2.0-only */
/* unload_parts: what the sources of unload.h share; others use that. */
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
 * Announces some times, and waits for frames that the network still sends the other way: 200 ms.
 * @pins: NULL if they cannot be read.
 */
void unload_announce(const struct pins *pins, const struct unload_wire *wires, unsigned count,
		     struct netdev_table *table, struct link_requests *requests, int announce_fd);

/*
 * Leaves @primary as a fresh device, and down unless it is in other use. Lists first: if a device
 * is down, the kernel keeps its counts of them (__dev_set_rx_mode). @owner: NULL if it is unknown.
 * Tries all; returns 0 or the first -errno.
 */
int unload_give_back(const struct netdev *primary, const struct netdev *owner,
		     enum vfsteer_kind kind, struct netdev_table *table,
		     struct link_requests *requests);

#endif
