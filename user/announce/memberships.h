/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memberships: the multicast groups that the devices of this network namespace have joined. Source:
 * /proc/net/igmp, mcfilter, igmp6 and mcfilter6. Their format is the same from Linux 5.10 to 6.18.
 * Reading them takes RCU and spinlocks, never RTNL, which the removal of a device may hold.
 * RTM_GETMULTICAST has neither versions nor sources, and lists IPv4 groups on new kernels only.
 */
#ifndef ANNOUNCE_MEMBERSHIPS_H
#define ANNOUNCE_MEMBERSHIPS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

union membership_address {
	struct in_addr v4;
	struct in6_addr v6;
};

struct membership {
	int family; /* AF_INET or AF_INET6 */
	int ifindex;
	union membership_address group;
	unsigned users; /* sockets and other users */
	/* of the device, by its last querier and force_igmp_version: 1 to 3; AF_INET6: 0 */
	uint8_t igmp_version;
	/*
	 * The sources that the device receives the group from; NULL: any, or unknown. They are
	 * unknown
	 * - when the group joined last on the device has no sources: mcfilter then skips the device
	 *   (igmp_mcf_get_first, up to 6.18);
	 * - when the counters leave open whether one of several sockets wants any source.
	 */
	const union membership_address *sources;
	size_t source_count;
};

/* Zero-initialise it. */
struct memberships {
	struct membership *list; /* in the order of family, ifindex and group */
	size_t count, size;
	union membership_address *sources;
	bool is_read;
};

/* The order of a list of memberships, for qsort: by family, ifindex and group. */
int membership_compare(const void *a, const void *b);

/* Reads all groups. Returns 0, or -errno with *ret untouched. A missing file (no IPv6) is empty. */
int memberships_read(struct memberships *ret);

/*
 * Parses the four files; NULL for a file that does not exist. For memberships_read and the tests.
 * Returns 0 or -errno. The caller frees @ret in both cases.
 */
int memberships_parse(FILE *igmp, FILE *mcfilter, FILE *igmp6, FILE *mcfilter6,
		      struct memberships *ret);

/* The groups of one device: *ret_count elements. NULL: it has none. */
const struct membership *memberships_of(const struct memberships *memberships, int family,
					int ifindex, size_t *ret_count);

/*
 * Does the kernel report this group to queriers? Never 224.0.0.1, ff02::1, and IPv6 scopes 0 and 1.
 * The rest of 224.0.0.0/24 only if @link_local (sysctl net.ipv4.igmp_link_local_mcast_reports).
 */
bool membership_is_reported(const struct membership *membership, bool link_local);

void memberships_free(struct memberships *memberships);

#endif
