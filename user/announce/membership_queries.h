/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * membership_queries: asks stations behind the active wire for their groups after a switchover, as
 * a snooping switch does at a topology change (RFC 4541, 2.1.1, rule 4): general queries, IGMPv3
 * and MLDv2, sent by a packet socket out of a station's port. The stations' own kernels report, in
 * the version that they use. Fields and their reasons: docs/internals/announcements.md.
 */
#ifndef ANNOUNCE_MEMBERSHIP_QUERIES_H
#define ANNOUNCE_MEMBERSHIP_QUERIES_H

#include "announce/announce.h"
#include "announce/bridged_groups.h"
#include "announce/speakers.h"
#include "netdev/netdev.h"

/*
 * Builds the query of @family (AF_INET, AF_INET6) from @mac. @vlan_id: of an 802.1Q tag, in host
 * order; 0: none. Pure.
 */
void membership_query_build(int family, const uint8_t mac[ETH_ALEN], uint16_t vlan_id,
			    struct announce_frame *ret);

/*
 * Appends both queries for the stations behind @port: from its MAC, which is behind the same wire
 * of theirs as all that they reach through it. Nothing if the port is down, or if they are there
 * already. Returns 0 or -errno.
 */
int membership_queries_add(struct announce_queries *queries, const struct netdev *port,
			   uint16_t vlan_id);

/*
 * Appends the queries for the stations behind the bridges among @speakers: on each port that leads
 * to this machine's containers and VMs (veth, tun) and not to the standby. If the bridge snoops, on
 * those alone behind which it knows members (@groups), and in their VLANs. Not on the port of a
 * multicast router, which asks there itself. Does not wait for RTNL. Returns 0 or -errno.
 */
int membership_queries_collect(const struct netdev_table *table,
			       const struct bridged_groups *groups, const struct speakers *speakers,
			       struct announce_queries *queries);

/* Removes the queries that would be sent on @ifindex. */
void membership_queries_leave_out(struct announce_queries *queries, int ifindex);

#endif
