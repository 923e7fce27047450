/* SPDX-License-Identifier: GPL-2.0-only */
#include "announce/bridges.h"
#include "base/room.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct bridge *find(const struct bridges *bridges, int bridge, int port)
{
	for (size_t i = 0; i < bridges->count; i++)
		if (bridges->list[i]->ifindex == bridge && bridges->list[i]->port == port)
			return bridges->list[i];
	return NULL;
}

const struct bridge *bridges_find(const struct bridges *bridges, int bridge, int port)
{
	return find(bridges, bridge, port);
}

/* Puts *@read in the place of an earlier one, and takes what it points to in any case. */
static int keep(struct bridges *bridges, struct bridge *read)
{
	struct bridge *known = find(bridges, read->ifindex, read->port);
	int error = known ? 0 : room_for_one(bridges->list, bridges->count, &bridges->size);

	if (known)
		memcpy(known, read, sizeof(*known));
	if (known || error)
		free(read);
	else
		bridges->list[bridges->count++] = read;
	return error;
}

int bridges_read(struct bridges *bridges, struct link_requests *requests, int bridge, int port)
{
	struct bridge *read = calloc(1, sizeof(*read));
	int error;

	if (!read)
		return -ENOMEM;
	read->ifindex = bridge;
	read->port = port;
	error = link_get_bridge_vlans(requests, bridge, read->own);
	if (!error)
		error = link_get_bridge_vlans(requests, port, read->at_port);
	if (!error)
		return keep(bridges, read);
	free(read);
	return error;
}

void bridges_sweep(struct bridges *bridges, const struct netdev_table *table)
{
	size_t kept = 0;

	for (size_t i = 0; i < bridges->count; i++) {
		const struct netdev *device = netdev_by_index(table, bridges->list[i]->ifindex);

		if (device && device->vlan_protocol)
			bridges->list[kept++] = bridges->list[i];
		else
			free(bridges->list[i]);
	}
	bridges->count = kept;
}

void bridges_free(struct bridges *bridges)
{
	for (size_t i = 0; i < bridges->count; i++)
		free(bridges->list[i]);
	free(bridges->list);
	*bridges = (struct bridges){ 0 };
}

static uint16_t pvid_of(const uint8_t vlans[LINK_VLAN_IDS])
{
	for (uint16_t vlan_id = 1; vlan_id < LINK_VLAN_IDS; vlan_id++)
		if (vlans[vlan_id] & LINK_VLAN_PVID)
			return vlan_id;
	return 0;
}

int bridge_port_tag(const struct bridge *bridge, uint16_t vlan_id)
{
	if (!vlan_id || vlan_id >= LINK_VLAN_IDS || !(bridge->at_port[vlan_id] & LINK_VLAN_MEMBER))
		return BRIDGE_NOT_SENT;
	return bridge->at_port[vlan_id] & LINK_VLAN_UNTAGGED ? BRIDGE_NO_TAG : vlan_id;
}

int bridge_tag(const struct bridge *bridge, uint16_t vlan_id)
{
	if (vlan_id == BRIDGE_NO_TAG)
		vlan_id = pvid_of(bridge->own);
	if (!vlan_id || vlan_id >= LINK_VLAN_IDS || !(bridge->own[vlan_id] & LINK_VLAN_MEMBER))
		return BRIDGE_NOT_SENT;
	return bridge_port_tag(bridge, vlan_id);
}
