/* SPDX-License-Identifier: GPL-2.0-only */
#include "port/port_addresses.h"
#include "announce/membership_queries.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/*
 * The groups behind ports are unknown: all are asked. A passthrough port's station has the pair's
 * MAC, so the query's is the port's own.
 */
static int ask_ports(const struct netdev_table *table, const struct port_pins *pins, unsigned slot,
		     const uint8_t *mac, uint16_t vlan_id, struct announce_queries *queries)
{
	int error = 0;

	for (unsigned number = 0; number < VFSTEER_MAX_PORTS && !error; number++) {
		const struct vfsteer_port *port = &pins->ports[number];
		const struct netdev *device;

		if (!port->name[0] || !port->ifindex || port->slot != slot ||
		    (mac && memcmp(port->mac_address, mac, ETH_ALEN)))
			continue;
		device = netdev_by_index(table, (int)port->ifindex);
		if (device)
			error = membership_queries_add(queries, device, vlan_id);
	}
	return error;
}

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

int port_addresses_collect(const struct netdev_table *table, const struct port_pins *pins,
			   unsigned slot, struct announcement *list)
{
	struct vfsteer_port_address_key key;
	struct vfsteer_port_address seen;
	int error = 0;
	bool more;

	if (!pins->ports)
		return 0;
	if (list->filter.what != ANNOUNCE_OFF)
		error = ask_ports(table, pins, slot, NULL, 0, &list->queries);
	more = !bpf_map_get_next_key(pins->addresses_fd, NULL, &key);
	/*
	 * If the programs delete the current key, the walk starts again: hence the limit. An
	 * address read twice is added once.
	 */
	for (unsigned i = 0; more && !error && i < 2 * VFSTEER_MAX_PORT_ADDRESSES; i++) {
		if (key.slot == slot && !bpf_map_lookup_elem(pins->addresses_fd, &key, &seen)) {
			error = add(list, &key, &seen);
			if (!error && key.vlan_id && list->filter.what != ANNOUNCE_OFF)
				error = ask_ports(table, pins, slot, seen.mac, key.vlan_id,
						  &list->queries);
		}
		more = !bpf_map_get_next_key(pins->addresses_fd, &key, &key);
	}
	return error;
}
