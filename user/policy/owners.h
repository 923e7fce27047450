/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * owners: whose the addresses and devices on a primary are. Pure.
 *
 * What the kernel makes by itself is nobody's configuration: IPv6 link-local addresses, and those of router advertisements,
 * which IFA_PROTO tells (Linux 5.18), or before, that they are dynamic and privacy, stable or EUI-64 ones. An address that
 * the standby has as well is there by mistake: a network manager matched both devices by their MAC. Any other is somebody's,
 * and so is every device that was made on the primary but our VLAN stubs (align_vlans.h). One that was made there and moved to another
 * network namespace is not seen.
 */
#ifndef POLICY_OWNERS_H
#define POLICY_OWNERS_H

#include "netdev/netdev.h"

#define OWNERS_ADDRESS_SIZE (INET6_ADDRSTRLEN + 4) /* with the prefix length */

enum owners_address {
	OWNERS_KERNEL,
	OWNERS_SHARED,
	OWNERS_FOREIGN,
};

struct owners_addresses {
	const struct netdev_address *list;
	size_t count;
};

/* The first address of @device that is @whose, with @standby its standby; NULL: none. Costs nothing for a device without addresses. */
const struct netdev_address *owners_find(const struct owners_addresses *addresses, const struct netdev *device,
					 const struct netdev *standby, enum owners_address whose);

/* A macvlan, ipvlan, VLAN ... on @device that is not ours, of @devices (@count); NULL: none. */
const struct netdev *owners_find_upper(const struct netdev *const *devices, size_t count, const struct netdev *device);

/* "10.0.0.5/24" */
void owners_write(const struct netdev_address *address, char ret[OWNERS_ADDRESS_SIZE]);

#endif
