/* SPDX-License-Identifier: GPL-2.0-only */
/* unload: gives every pair up, so that the guest is a plain one again, without losing a packet on the way. */
#ifndef AGENT_UNLOAD_H
#define AGENT_UNLOAD_H

#include "maps/pins.h"
#include "netdev/link.h"
#include "netdev/netdev.h"

/*
 * Pair by pair: traffic to the standby, announced; what is still under way to the primary received; programs taken from
 * their hooks; the primary left as a fresh device, and set down unless it is somebody else's by now. A standby that is up keeps its clsact qdisc (steer.h), which is logged. Then the watch programs, the pins and the maps.
 * Closes @pins. Returns 0, or -errno of the first step that failed (all are tried).
 */
int unload_everything(struct pins *pins, struct netdev_table *table, struct link_requests *requests, int announce_fd);

/* The same for one pair of this network namespace, and nothing else; takes some 200 ms. Returns 0, and the slot is free; or -errno of the first step
 * that failed. */
int unload_pair(struct pins *pins, unsigned slot, struct netdev_table *table, struct link_requests *requests, int announce_fd);

/*
 * The same for pins that cannot be read (another version's, damaged): the devices are found by the links pinned under @directory
 * ("<bpffs>/vfsteer") and by the filters on clsact that bear our handle, another vfsteer's of this namespace included. A primary's clsact
 * qdisc that is left empty goes, whoever made it. Group frames may arrive twice meanwhile. Returns 0, or -errno of the first step that failed (all are tried).
 */
int unload_unreadable(const char *directory, struct netdev_table *table, struct link_requests *requests, int announce_fd);

#endif
