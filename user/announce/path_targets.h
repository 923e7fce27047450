/* SPDX-License-Identifier: GPL-2.0-only */
/* path_targets: whom to ask whether a wire leads anywhere: path_check = auto|off|arp ADDRESS...|ns ADDRESS... */
#ifndef ANNOUNCE_PATH_TARGETS_H
#define ANNOUNCE_PATH_TARGETS_H

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
 * The named ones, up to PATH_TARGETS_MAX. Without any: neighbours of the standby, or of a device above it that has its MAC (another
 * MAC may be somebody else's by now, as that of a VRRP BACKUP): two that showed themselves last, and one that the guest has
 * looked for in the last seconds in vain; IPv4 before IPv6; none with a MAC of @ours, which lives behind the standby itself. What is asked in the name of an address is what the kernel would ask
 * with, unless that is an exception of @filter's; then IPv4 is asked for nobody, and IPv6 not at all. Returns 0 or -errno.
 */
int path_targets_find(const struct netdev_table *table, struct link_requests *requests, const struct netdev *standby,
		      const struct announce_filter *filter, const struct path_wish *wish, const struct mac_list *ours, struct path_targets *ret);

#endif
