/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * path_targets: the neighbours to ask whether a device reaches the network: path_check =
 * auto|off|arp ADDRESS...|ns ADDRESS...
 */
#ifndef ANNOUNCE_PATH_TARGETS_H
#define ANNOUNCE_PATH_TARGETS_H

#include "announce/bridges.h"
#include "announce/path_ask.h"
#include "netdev/link.h"
#include "netdev/mac_list.h"
#include "netdev/netdev.h"
#include "policy/options.h"

#define PATH_TARGETS_MAX 3

struct path_targets {
	struct path_target list[PATH_TARGETS_MAX];
	unsigned count;
};

/*
 * Finds the targets: those of the configuration, at most PATH_TARGETS_MAX. Without any: neighbours
 * of the standby, or of a device above it with the standby's MAC (another MAC may belong to another
 * host now, as a VRRP BACKUP's). Two are the most recently confirmed ones; one is an unanswered one
 * of the last seconds. IPv4 comes before IPv6. Neighbours with a MAC of @ours, which are behind the
 * standby itself, are left out.
 *
 * The source address is the one that the kernel would use. If it is an exception of @filter, or the
 * guest filters ARP (arp_rules.h), IPv4 sends an ARP probe (source 0.0.0.0). IPv6 sends nothing for
 * an exception. @bridges: as addresses_collect read them. Returns 0 or -errno.
 */
int path_targets_find(const struct netdev_table *table, struct link_requests *requests,
		      struct bridges *bridges, const struct netdev *standby,
		      const struct announce_filter *filter, const struct path_requested *requested,
		      const struct mac_list *ours, struct path_targets *ret);

#endif
