/* SPDX-License-Identifier: GPL-2.0-only */
/* unload: removes all pairs without losing a packet, so that the guest is a plain one again. */
#ifndef AGENT_UNLOAD_H
#define AGENT_UNLOAD_H

#include "maps/pins.h"
#include "netdev/link.h"
#include "netdev/netdev.h"

/*
 * For each pair: moves traffic to the standby, announces it, waits for frames still on the way to
 * the primary, detaches the programs, leaves the primary as a fresh device, and sets it down unless
 * it is in other use. A standby that is up keeps its clsact qdisc (steer.h), which is logged. Then
 * removes the watch programs, the pins and the maps. Closes @pins. Tries all; returns 0 or the
 * first -errno.
 */
int unload_everything(struct pins *pins, struct netdev_table *table, struct link_requests *requests,
		      int announce_fd);

/*
 * The same for one pair of this network namespace; takes some 200 ms. Returns 0, and the slot is
 * free, or the first -errno.
 */
int unload_pair(struct pins *pins, unsigned slot, struct netdev_table *table,
		struct link_requests *requests, int announce_fd);

/*
 * The same for pins that cannot be read (damaged, another version). Finds the devices by the links
 * pinned under @directory ("<bpffs>/vfsteer") and by clsact filters with our handle, also of
 * another vfsteer in this namespace. A primary's empty clsact qdisc is removed, whatever created
 * it. Multicast frames may arrive twice during this. Tries all; returns 0 or the first -errno.
 */
int unload_unreadable(const char *directory, struct netdev_table *table,
		      struct link_requests *requests, int announce_fd);

#endif
