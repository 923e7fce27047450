/* SPDX-License-Identifier: GPL-2.0-only */
/* addresses: which addresses and MACs are behind a standby, and so must be announced. */
#ifndef ANNOUNCE_ADDRESSES_H
#define ANNOUNCE_ADDRESSES_H

#include "announce/announce.h"
#include "announce/bridged_groups.h"
#include "announce/bridges.h"
#include "announce/spoken.h"
#include "netdev/link.h"
#include "netdev/netdev.h"

/*
 * Fills @list (cleared first) with the frames to announce for @standby, in the order of sending:
 * RARP for its MAC; the IPv4 and IPv6 addresses of its speakers (speakers.h) for which the kernel
 * answers (answers.h), without IPv4 if the guest filters ARP (arp_rules.h); RARP for each further
 * MAC that has sent (macs.h): the speakers' own first, stations behind a bridge last, the most
 * recent sender first. A bond's backup slave gets no frames. @spoken: the result of earlier calls,
 * or NULL. Reads @bridges again (speakers.h), and @groups unless they are current: the queries are
 * for those behind bridges. Waits for RTNL. Returns 0 or -errno.
 */
int addresses_collect(const struct netdev_table *table, struct link_requests *requests,
		      const struct netdev *standby, struct bridges *bridges,
		      struct bridged_groups *groups, struct spoken *spoken,
		      struct announcement *list);

#endif
