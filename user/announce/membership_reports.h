/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * membership_reports: the membership reports of all devices that transmit through a standby, and of
 * the stations behind them.
 */
#ifndef ANNOUNCE_MEMBERSHIP_REPORTS_H
#define ANNOUNCE_MEMBERSHIP_REPORTS_H

#include "announce/announce.h"
#include "announce/bridged_groups.h"
#include "announce/bridges.h"
#include "announce/memberships.h"
#include "netdev/netdev.h"

/*
 * Replaces *ret with the frames that report the groups of @standby and of the devices above it
 * (speakers.h), inside their VLAN tags, from the standby's MAC and their addresses. Likewise
 * the groups that bridges above it know behind their other ports: @bridges, as addresses_collect
 * read them. Not reported: other groups joined in other network namespaces. Does not wait for RTNL.
 *
 * IGMP version: the device's current one (of its last querier, or force_igmp_version). MLD version:
 * force_mld_version, if set. Otherwise the kernel does not show it: MLDv2, and also MLDv1 if the
 * device has ever sent an MLDv1 report, which it does only for an MLDv1 querier. A needless MLDv1
 * report is harmless: an MLDv2 router assumes an older host and forwards the group from all sources
 * for some minutes (RFC 3810, 8.3). An MLDv1 router ignores MLDv2 reports.
 *
 * Returns 0 or -errno, with *ret untouched.
 */
int membership_reports_collect(const struct netdev_table *table,
			       const struct memberships *memberships, struct bridges *bridges,
			       const struct bridged_groups *groups, const struct netdev *standby,
			       struct announce_reports *ret);

#endif
