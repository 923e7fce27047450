/* SPDX-License-Identifier: GPL-2.0-only */
#include "policy/owners.h"
#include "netdev/vlan_stub.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <stdio.h>
#include <string.h>

/* From <linux/if_addr.h>, Linux 5.18. */
#define OWNERS_PROTOCOL_ROUTER 2
#define OWNERS_PROTOCOL_LINK_LOCAL 3

static bool is_kernels(const struct netdev_address *address)
{
	const uint8_t *bytes = address->v6.s6_addr;

	if (address->family != AF_INET6)
		return false;
	if (IN6_IS_ADDR_LINKLOCAL(&address->v6) || address->protocol == OWNERS_PROTOCOL_ROUTER ||
	    address->protocol == OWNERS_PROTOCOL_LINK_LOCAL)
		return true;
	if (address->protocol || address->flags & IFA_F_PERMANENT)
		return false;
	return address->flags & (IFA_F_TEMPORARY | IFA_F_STABLE_PRIVACY | IFA_F_MANAGETEMPADDR) ||
	       (bytes[11] == 0xff && bytes[12] == 0xfe);
}

static bool is_on(const struct owners_addresses *addresses, const struct netdev *device,
		  const struct netdev_address *address)
{
	size_t size = address->family == AF_INET ? sizeof(address->v4) : sizeof(address->v6);

	for (size_t i = 0; device->address_count && i < addresses->count; i++) {
		const struct netdev_address *other = &addresses->list[i];

		if (other->ifindex == device->ifindex && other->family == address->family &&
		    !memcmp(&other->v6, &address->v6, size))
			return true;
	}
	return false;
}

const struct netdev_address *owners_find(const struct owners_addresses *addresses,
					 const struct netdev *device, const struct netdev *standby,
					 enum owners_address whose)
{
	for (size_t i = 0; device->address_count && i < addresses->count; i++) {
		const struct netdev_address *address = &addresses->list[i];
		enum owners_address found;

		if (address->ifindex != device->ifindex)
			continue;
		found = is_kernels(address)		     ? OWNERS_KERNEL
			: is_on(addresses, standby, address) ? OWNERS_SHARED
							     : OWNERS_FOREIGN;
		if (found == whose)
			return address;
	}
	return NULL;
}

/* The link of these is their other end, not a device below. */
static bool is_end(const struct netdev *device)
{
	return !strcmp(device->kind, "veth") || !strcmp(device->kind, "netkit");
}

const struct netdev *owners_find_upper(const struct netdev *const *devices, size_t count,
				       const struct netdev *device)
{
	for (size_t i = 0; i < count; i++)
		if (devices[i]->link == device->ifindex && !is_end(devices[i]) &&
		    !vlan_stub_is(devices[i], device->ifindex))
			return devices[i];
	return NULL;
}

void owners_write(const struct netdev_address *address, char ret[OWNERS_ADDRESS_SIZE])
{
	char text[INET6_ADDRSTRLEN] = "";

	inet_ntop(address->family, &address->v6, text, sizeof(text));
	snprintf(ret, OWNERS_ADDRESS_SIZE, "%s/%u", text, address->prefix_length);
}
