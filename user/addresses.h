/* SPDX-License-Identifier: GPL-2.0-only */
/* addresses: which addresses and MACs live behind a standby, and so have to be announced. */
#ifndef ADDRESSES_H
#define ADDRESSES_H

#include "announce.h"
#include "link.h"
#include "netdev.h"

/*
 * Fills @list (cleared first) with the frames to announce for @standby: first RARP for its MAC; then all IPv4 and IPv6
 * addresses of the standby itself, of the VLAN and macvlan devices above it (at any depth, two tags at most), and of the
 * bridge it is a port of (of Open vSwitch: the internal ports with its MAC) with the VLANs above that; RARP for each further MAC: its unicast receive list (macvlans, other
 * netns') and, for a bridge port, the MACs that the bridge has learned on its other ports (RTM_GETNEIGH AF_BRIDGE; @requests; 256 at most).
 * Addresses for which the kernel does not answer (answers.h) are left out. Returns 0 or -errno.
 */
int addresses_collect(const struct netdev_table *table, struct link_requests *requests, const struct netdev *standby,
		      struct announcement *list);

#endif
