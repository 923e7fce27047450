/* SPDX-License-Identifier: GPL-2.0-only */
#include "port/port_addresses.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

static int add(struct announcement *list, const struct vfsteer_port_address_key *key,
	       const struct vfsteer_port_address *seen)
{
	struct announce_address address = { .family = key->family };

	/* Skips entries that another program wrote. */
	if (key->family != AF_INET && key->family != AF_INET6)
		return 0;
	memcpy(&address.v6, key->address,
	       key->family == AF_INET ? sizeof(address.v4) : sizeof(address.v6));
	memcpy(address.mac, seen->mac, ETH_ALEN);
	if (key->vlan_id)
		address.tags[address.tag_count++] =
			(struct announce_tag){ .protocol = ETH_P_8021Q, .vlan_id = key->vlan_id };
	return announcement_add(list, &address);
}

int port_addresses_collect(const struct port_pins *pins, unsigned slot, struct announcement *list)
{
	struct vfsteer_port_address_key key;
	struct vfsteer_port_address seen;
	int error = 0;
	bool more;

	if (!pins->ports)
		return 0;
	more = !bpf_map_get_next_key(pins->addresses_fd, NULL, &key);
	/*
	 * If the programs delete the current key, the walk starts again: hence the limit. An
	 * address read twice is added once.
	 */
	for (unsigned i = 0; more && !error && i < 2 * VFSTEER_MAX_PORT_ADDRESSES; i++) {
		if (key.slot == slot && !bpf_map_lookup_elem(pins->addresses_fd, &key, &seen))
			error = add(list, &key, &seen);
		more = !bpf_map_get_next_key(pins->addresses_fd, &key, &key);
	}
	return error;
}
