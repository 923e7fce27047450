/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vlan_stub: the VLAN devices that pair/align_vlans.h creates on a primary, recognised by their
 * names, also after a restart. Pure.
 */
#ifndef NETDEV_VLAN_STUB_H
#define NETDEV_VLAN_STUB_H

#include "netdev/netdev.h"

/* Is @device a VLAN on the device with @lower_ifindex, of any creator? */
bool vlan_stub_is_vlan_of(const struct netdev *device, int lower_ifindex);

/*
 * Writes the name of a VLAN's stub (@vlan_protocol: ETH_P_8021Q or ETH_P_8021AD). Returns 0, or
 * -ENAMETOOLONG.
 */
int vlan_stub_name(int primary_ifindex, uint16_t vlan_id, uint16_t vlan_protocol,
		   char ret[IF_NAMESIZE]);

/* Is @device a stub created on the primary with this ifindex? */
bool vlan_stub_is(const struct netdev *device, int primary_ifindex);

#endif
