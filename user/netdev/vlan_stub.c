/* SPDX-License-Identifier: GPL-2.0-only */
#include "netdev/vlan_stub.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <string.h>

int vlan_stub_name(int primary_ifindex, uint16_t vlan_id, uint16_t vlan_protocol,
		   char ret[IF_NAMESIZE])
{
	int length = snprintf(ret, IF_NAMESIZE, "vfs%d.%u%s", primary_ifindex, vlan_id,
			      vlan_protocol == ETH_P_8021AD ? "s" : "");

	return length < IF_NAMESIZE ? 0 : -ENAMETOOLONG;
}

bool vlan_stub_is_vlan_of(const struct netdev *device, int lower_ifindex)
{
	return device->link == lower_ifindex && strcmp(device->kind, "vlan") == 0;
}

bool vlan_stub_is(const struct netdev *device, int primary_ifindex)
{
	char name[IF_NAMESIZE];

	return vlan_stub_is_vlan_of(device, primary_ifindex) &&
	       vlan_stub_name(primary_ifindex, device->vlan_id, device->vlan_protocol, name) == 0 &&
	       strcmp(name, device->name) == 0;
}
