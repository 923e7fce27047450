/* SPDX-License-Identifier: GPL-2.0-only */
#include "port/port.h"
#include "base/crash_point.h"
#include "base/mac.h"
#include "netdev/xdp_features.h"
#include "port/world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PORT_FILTERS_MAX 256

static struct vfsteer_port *port_entry(const struct world *world, unsigned number)
{
	return &world->port_pins.ports[number];
}

/* Does the owner's unicast receive list contain @mac? */
static bool port_is_filtered(struct world *world, int owner, const uint8_t mac[ETH_ALEN])
{
	uint8_t macs[PORT_FILTERS_MAX][ETH_ALEN];
	int count = link_get_filters(world->requests, owner, macs, PORT_FILTERS_MAX);

	for (int i = 0; i < count && i < PORT_FILTERS_MAX; i++)
		if (!memcmp(macs[i], mac, ETH_ALEN))
			return true;
	return false;
}

/* Makes the owner receive for the port. The wires are aligned with it. */
static int port_receive(struct world *world, struct vfsteer_port *entry,
			const struct uplinks_pair *pair)
{
	int error;

	if (entry->passthrough || port_is_filtered(world, pair->owner, entry->mac_address))
		return 0;
	/*
	 * The entry names the owner of the filter before the filter exists, so that an agent that
	 * is killed in between leaves none without an owner.
	 */
	entry->mac_filter_is_ours = 1;
	crash_point("port-filter-about-to-be-added");
	error = link_add_filter(world->requests, pair->owner, entry->mac_address);
	crash_point("port-filter-added");
	if (error)
		entry->mac_filter_is_ours = 0;
	return error;
}

static int port_join_members(struct port_pins *pins, unsigned number, unsigned slot)
{
	struct vfsteer_members members;
	int error = port_pins_members(pins, slot, &members);

	if (error)
		return error;
	for (unsigned i = 0; i < members.count && i < VFSTEER_MAX_PORTS; i++)
		if (members.ports[i] == number)
			return 0;
	if (members.count >= VFSTEER_MAX_PORTS)
		return -ENOSPC;
	members.ports[members.count++] = number;
	return port_pins_set_members(pins, slot, &members);
}

static void port_leave_members(struct port_pins *pins, unsigned number, unsigned slot)
{
	struct vfsteer_members members;

	if (port_pins_members(pins, slot, &members))
		return;
	for (unsigned i = 0; i < members.count && i < VFSTEER_MAX_PORTS; i++) {
		if (members.ports[i] != number)
			continue;
		members.ports[i] = members.ports[--members.count];
		members.ports[members.count] = 0;
		port_pins_set_members(pins, slot, &members);
		return;
	}
}

/*
 * Writes the entry, which programs of an earlier agent may be reading: unchanged fields stay
 * untouched.
 */
static void port_write(struct world *world, unsigned number, const struct netdev *device,
		       const struct uplinks_pair *pair, const uint8_t mac[ETH_ALEN])
{
	const struct port *port = &world->ports[number];
	struct vfsteer_port *entry = port_entry(world, number);

	memset(entry->pair, 0, sizeof(entry->pair));
	snprintf(entry->pair, sizeof(entry->pair), "%.15s", port->requested.pair);
	mac_write(mac, entry->mac);
	memcpy(entry->mac_address, mac, ETH_ALEN);
	entry->slot = pair->slot;
	entry->passthrough = port->requested.passthrough;
	entry->configured = port->configured;
	entry->xdp_is_unwanted = port->requested.without_xdp;
	entry->ifindex = device->ifindex;
	/* The name last: it makes the entry valid. */
	memset(entry->name, 0, sizeof(entry->name));
	snprintf(entry->name, sizeof(entry->name), "%s", device->name);
}

/* Returns why XDP cannot take a device's frames, whatever its driver reports. */
static enum vfsteer_port_obstacle port_obstacle(const struct world *world, unsigned number,
						const struct netdev *device)
{
	const struct port *port = &world->ports[number];

	if (port->requested.without_xdp)
		return OBSTACLE_UNWANTED;
	if (!world->features)
		return OBSTACLE_KERNEL;
	if (!strcmp(device->kind, "tun"))
		return OBSTACLE_CHECKSUM;
	/*
	 * Without kfuncs the program cannot see the metadata of a veth's frame (bpf/port_frame.h).
	 */
	if (!strcmp(device->kind, "veth") &&
	    world->pins.pairs[port_entry(world, number)->slot].liveness != LIVENESS_KFUNC)
		return OBSTACLE_KERNEL;
	return OBSTACLE_NONE;
}

/* Loads the programs, if the present ones do not suffice or @reload, and attaches them. */
static int port_load(struct world *world, unsigned number, const struct netdev *device, bool reload)
{
	struct port *port = &world->ports[number];
	struct vfsteer_port *entry = port_entry(world, number);
	struct hook ingress = port_programs_port_ingress(&world->pins, device->ifindex);
	const struct port_constants constants = {
		.slot = port_entry(world, number)->slot,
		.is_port = true,
		.port = number,
		.passthrough_port = VFSTEER_MAX_PORTS,
		.comes_from_veth = !strcmp(device->kind, "veth"),
		.uplinks_take_fragments = port->uplinks->take_fragments,
	};
	struct port_programs programs;
	int error;

	if (!reload && port->programs.ingress_fd >= 0 &&
	    port->fragments_loaded == constants.uplinks_take_fragments)
		return 0;
	error = port_programs_load(&world->pins, &world->port_pins, &constants,
				   !port_obstacle(world, number, device), &programs);
	if (error)
		return error;
	crash_point("port-programs-loaded");
	error = hook_attach(&ingress, programs.ingress_fd, &entry->clsact_is_ours);
	if (error) {
		port_programs_close(&programs);
		return error;
	}
	crash_point("port-ingress-attached");
	port_programs_close(&port->programs);
	port->programs = programs;
	port->fragments_loaded = constants.uplinks_take_fragments;
	return 0;
}

static void port_take(struct world *world, unsigned number, const struct netdev *device)
{
	struct port *port = &world->ports[number];
	struct vfsteer_port *entry = port_entry(world, number);
	struct xdp xdp = port_programs_port_xdp(&world->pins, device->ifindex);
	enum vfsteer_port_obstacle obstacle = port_obstacle(world, number, device);

	if (!obstacle)
		obstacle = xdp_attach(&xdp, port->programs.xdp_fd);
	else
		xdp_detach(&xdp);
	entry->takes_why = obstacle;
	entry->takes_by = obstacle ? PORT_DRIVER_TC : PORT_DRIVER_NATIVE;
	crash_point("port-xdp-decided");
}

static void port_deliver(struct world *world, unsigned number, const struct netdev *device)
{
	const struct port *port = &world->ports[number];
	struct vfsteer_port *entry = port_entry(world, number);
	enum vfsteer_port_obstacle obstacle = OBSTACLE_NONE;
	uint64_t features = 0;

	if (port->requested.without_xdp)
		obstacle = OBSTACLE_UNWANTED;
	else if (!world->features)
		obstacle = OBSTACLE_KERNEL;
	else if (xdp_features_get(world->features, device->ifindex, &features) ||
		 !(features & XDP_FEATURE_REDIRECT_TARGET))
		obstacle = strcmp(device->kind, "veth") ? OBSTACLE_DRIVER : OBSTACLE_PEER;
	/* A frame that the map refuses goes by tc; one that the device refuses is lost. */
	entry->takes_fragments = !obstacle && features & XDP_FEATURE_REDIRECT_TARGET_FRAGMENTS;
	if (obstacle || port_pins_add_device(&world->port_pins, (__u32)device->ifindex))
		port_pins_remove_device(&world->port_pins, (__u32)device->ifindex);
	entry->delivers_why = obstacle;
	entry->delivers_by = obstacle ? PORT_DRIVER_TC : PORT_DRIVER_NATIVE;
}

int port_refresh(struct world *world, unsigned number)
{
	const struct port *port = &world->ports[number];
	const struct netdev *device = netdev_by_index(world->table, port->ifindex);
	int error;

	if (!port->pair || !device)
		return 0;
	error = port_load(world, number, device, false);
	if (error)
		return error;
	port_take(world, number, device);
	port_deliver(world, number, device);
	return 0;
}

int port_bind(struct world *world, unsigned number, const struct netdev *device,
	      const struct uplinks_pair *pair, const uint8_t mac[ETH_ALEN])
{
	struct port *port = &world->ports[number];

	port->pair = pair->pair;
	port->uplinks = pair->uplinks;
	port->ifindex = device->ifindex;
	port->incarnation = device->incarnation;
	port->programs = PORT_PROGRAMS_NONE;
	port_write(world, number, device, pair, mac);
	crash_point("port-written");
	return port_receive(world, port_entry(world, number), pair);
}

int port_connect(struct world *world, unsigned number, const struct netdev *device,
		 const uint8_t mac[ETH_ALEN])
{
	const struct port *port = &world->ports[number];
	unsigned slot = port_entry(world, number)->slot;
	int error = 0;

	if (!port->requested.passthrough)
		error = port_pins_add_station(&world->port_pins, slot, mac, (__u32)device->ifindex,
					      number);
	crash_point("port-station-added");
	if (!error)
		error = port_join_members(&world->port_pins, number, slot);
	crash_point("port-is-member");
	return error ?: port_refresh(world, number);
}

void port_take_away(const struct pins *pins, struct port_pins *port_pins,
		    struct link_requests *requests, unsigned number)
{
	struct vfsteer_port *entry = &port_pins->ports[number];
	struct hook ingress = port_programs_port_ingress(pins, (int)entry->ifindex);
	struct xdp xdp = port_programs_port_xdp(pins, (int)entry->ifindex);

	port_pins_remove_device(port_pins, entry->ifindex);
	xdp_detach(&xdp);
	crash_point("port-xdp-detached");
	hook_detach(&ingress, entry->clsact_is_ours);
	crash_point("port-ingress-detached");
	if (!entry->passthrough)
		port_pins_remove_station(port_pins, entry->slot, entry->mac_address);
	port_leave_members(port_pins, number, entry->slot);
	crash_point("port-has-left");
	if (entry->mac_filter_is_ours && entry->slot < VFSTEER_MAX_PAIRS)
		link_del_filter(requests, (int)pins->pairs[entry->slot].owner_ifindex,
				entry->mac_address);
	crash_point("port-filter-removed");
	port_pins_forget_addresses(port_pins, number);
	entry->mac_filter_is_ours = entry->clsact_is_ours = entry->takes_fragments = 0;
	entry->ifindex = 0;
	entry->takes_by = entry->delivers_by = PORT_DRIVER_NONE;
	entry->takes_why = entry->delivers_why = OBSTACLE_NONE;
}

void port_unbind(struct world *world, unsigned number)
{
	struct port *port = &world->ports[number];

	port_take_away(&world->pins, &world->port_pins, world->requests, number);
	port_programs_close(&port->programs);
	port->pair = NULL;
	port->uplinks = NULL;
	port->ifindex = 0;
	port->placed = (struct placed){ 0 };
}

int port_keep_place(struct world *world, unsigned number)
{
	struct port *port = &world->ports[number];
	const struct netdev *device = netdev_by_index(world->table, port->ifindex);
	struct hook ingress = port_programs_port_ingress(&world->pins, port->ifindex);
	int error;

	if (!port->pair || !device || !hook_is_misplaced(&ingress) ||
	    !hook_may_move(&port->moves, HOOK_MOVES_MAX))
		return 0;
	error = hook_attach(&ingress, port->programs.ingress_fd,
			    &port_entry(world, number)->clsact_is_ours);
	if (error != -EEXIST)
		return error;
	error = port_load(world, number, device, true);
	if (!error)
		port_take(world, number, device);
	return error;
}
