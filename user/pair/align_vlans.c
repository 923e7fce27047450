/* SPDX-License-Identifier: GPL-2.0-only */
#include "pair/align_vlans.h"
#include "base/clock.h"
#include "netdev/vlan_stub.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* VLANs of one device. */
struct vlan_set {
	bool customer[LINK_VLAN_IDS], service[LINK_VLAN_IDS];
};

static bool *vlan_in_set(struct vlan_set *set, uint16_t vlan_id, uint16_t vlan_protocol)
{
	return &(vlan_protocol == ETH_P_8021AD ? set->service
					       : set->customer)[vlan_id % LINK_VLAN_IDS];
}

static bool has_vlan(struct vlan_set *set, const struct netdev *vlan)
{
	return *vlan_in_set(set, vlan->vlan_id, vlan->vlan_protocol);
}

static void read_vlans(const struct netdev_table *table, int lower_ifindex, struct vlan_set *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (const struct netdev *device = netdev_next(table, NULL); device;
	     device = netdev_next(table, device))
		if (vlan_stub_is_vlan_of(device, lower_ifindex))
			*vlan_in_set(ret, device->vlan_id, device->vlan_protocol) = true;
}

/* Those that are not needed; all are tried. */
static int remove_stubs(struct link_requests *requests, const struct netdev_table *table,
			struct vlan_set *needed, const struct netdev *primary)
{
	int ifindexes[2 * LINK_VLAN_IDS]; /* a device has at most one of each ID and protocol */
	size_t count = 0;

	for (const struct netdev *device = netdev_next(table, NULL); device;
	     device = netdev_next(table, device))
		if (vlan_stub_is(device, primary->ifindex) && !has_vlan(needed, device) &&
		    count < sizeof(ifindexes) / sizeof(*ifindexes))
			ifindexes[count++] = device->ifindex;
	return link_delete_all(requests, ifindexes, count);
}

/* -EEXIST: it was just created, and the table does not have it yet. */
static int add_stub(struct link_requests *requests, const struct netdev *primary, uint16_t vlan_id,
		    uint16_t vlan_protocol)
{
	char name[IF_NAMESIZE];
	int error = vlan_stub_name(primary->ifindex, vlan_id, vlan_protocol, name);

	return error ? error
		     : link_add_vlan(requests, primary->ifindex, name, vlan_id, vlan_protocol);
}

static int add_stubs(struct link_requests *requests, const struct netdev_table *table,
		     struct vlan_set *needed, const struct netdev *primary,
		     struct align_vlans_done *done)
{
	static const uint16_t protocols[] = { ETH_P_8021Q, ETH_P_8021AD };
	bool filters = false;
	struct vlan_set present;
	int first_error = 0;
	uint64_t end_ns = 0;

	read_vlans(table, primary->ifindex, &present);
	for (unsigned i = 0; i < sizeof(protocols) / sizeof(*protocols); i++) {
		for (uint16_t vlan_id = 0; vlan_id < LINK_VLAN_IDS; vlan_id++) {
			int error;

			if (!*vlan_in_set(needed, vlan_id, protocols[i]) ||
			    *vlan_in_set(&present, vlan_id, protocols[i]))
				continue;
			if (!filters && !link_filters_vlans(primary->name))
				return 0;
			filters = true;
			if (done->is_partial)
				return first_error;
			error = add_stub(requests, primary, vlan_id, protocols[i]);
			if (error == -EEXIST)
				continue;
			if (error && !first_error)
				first_error = error;
			done->has_added |= !error;
			/* From the first stub on, so that each call creates at least one. */
			if (!end_ns)
				end_ns = clock_now_ns(CLOCK_MONOTONIC) + ALIGN_VLANS_AT_ONCE_NS;
			done->is_partial = clock_now_ns(CLOCK_MONOTONIC) > end_ns;
		}
	}
	return first_error;
}

/*
 * The bridge adds them to the standby itself (vlan_vid_add, net/bridge/br_vlan.c); the VF is no
 * port of it.
 */
static int read_bridge_vlans(struct link_requests *requests, const struct netdev_table *table,
			     const struct netdev *standby, const struct netdev *primary,
			     struct vlan_set *needed)
{
	const struct netdev *bridge = netdev_by_index(table, standby->master);
	uint8_t flags[LINK_VLAN_IDS] = { 0 };
	unsigned count = 0;
	int error;

	if (!bridge || strcmp(bridge->kind, "bridge") || !bridge->vlan_protocol)
		return 0;
	error = link_get_bridge_vlans(requests, standby->ifindex, flags);
	if (error)
		return error;
	for (uint16_t vlan_id = 0; vlan_id < LINK_VLAN_IDS; vlan_id++)
		count += flags[vlan_id] != 0;
	if (count > ALIGN_VLANS_OF_BRIDGE_MAX)
		return link_filters_vlans(primary->name) ? -E2BIG : 0;
	for (uint16_t vlan_id = 0; vlan_id < LINK_VLAN_IDS; vlan_id++)
		if (flags[vlan_id])
			*vlan_in_set(needed, vlan_id, bridge->vlan_protocol) = true;
	return 0;
}

int align_vlans(struct link_requests *requests, const struct netdev_table *table,
		const struct netdev *standby, const struct netdev *primary,
		struct align_vlans_done *ret_done)
{
	struct align_vlans_done done = { 0 };
	struct vlan_set needed;
	int error, step_error;

	read_vlans(table, standby->ifindex, &needed);
	error = read_bridge_vlans(requests, table, standby, primary, &needed);
	step_error = add_stubs(requests, table, &needed, primary, &done);
	*ret_done = done;
	error = error ? error : step_error;
	step_error = remove_stubs(requests, table, &needed, primary);
	return error ? error : step_error;
}

int align_vlans_undo(struct link_requests *requests, const struct netdev_table *table,
		     const struct netdev *primary)
{
	struct vlan_set none = { 0 };

	return remove_stubs(requests, table, &none, primary);
}
