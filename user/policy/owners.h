/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * owners: whose the addresses and devices on a primary are. Pure.
 *
 * Addresses that the kernel made are no configuration: IPv6 link-local addresses, and those of
 * router advertisements. IFA_PROTO marks the latter (Linux 5.18); before, they are dynamic and
 * privacy, stable or EUI-64 addresses. An address that the standby has as well is a mistake: a
 * network manager matched both devices by their MAC. Any other address is foreign, and so is every
 * device that was created on the primary, except our VLAN stubs (align_vlans.h). A device that
 * moved to another network namespace is not visible.
 */
#ifndef POLICY_OWNERS_H
#define POLICY_OWNERS_H

#include "netdev/netdev.h"

#define OWNERS_ADDRESS_SIZE (INET6_ADDRSTRLEN + 4) /* with prefix length */

enum owners_address {
	OWNERS_KERNEL,
	OWNERS_SHARED,
	OWNERS_FOREIGN,
};

struct owners_addresses {
	const struct netdev_address *list;
	size_t count;
};

/*
 * Returns the first address of @device that is @whose, if @standby is its standby; NULL: none.
 * Cheap for a device without addresses.
 */
const struct netdev_address *owners_find(const struct owners_addresses *addresses,
					 const struct netdev *device, const struct netdev *standby,
					 enum owners_address whose);

/*
 * Returns a macvlan, ipvlan, VLAN ... on @device that is not ours, of @devices (@count); NULL:
 * none.
 */
const struct netdev *owners_find_upper(const struct netdev *const *devices, size_t count,
				       const struct netdev *device);

/* Writes "10.0.0.5/24". */
void owners_write(const struct netdev_address *address, char ret[OWNERS_ADDRESS_SIZE]);

#endif
