/* SPDX-License-Identifier: GPL-2.0-only */
#include "port/uplinks.h"
#include "base/crash_point.h"
#include "netdev/xdp_features.h"
#include "port/port.h"
#include "port/world.h"

#include <errno.h>
#include <linux/if.h>
#include <string.h>

/*
 * Returns the pair's next port from @number on, from the map: ports that an earlier agent bound
 * count before this agent has adopted them.
 */
static unsigned uplinks_next_port(const struct world *world, const struct uplinks_pair *pair,
				  unsigned number)
{
	for (; number < VFSTEER_MAX_PORTS; number++) {
		const struct vfsteer_port *entry = &world->port_pins.ports[number];

		if (entry->name[0] && entry->ifindex && entry->slot == pair->slot)
			break;
	}
	return number;
}

static bool uplinks_have_port(const struct world *world, const struct uplinks_pair *pair)
{
	return world->port_pins.ports && uplinks_next_port(world, pair, 0) < VFSTEER_MAX_PORTS;
}

static unsigned uplinks_passthrough(const struct world *world, const struct uplinks_pair *pair)
{
	unsigned number = uplinks_next_port(world, pair, 0);

	while (number < VFSTEER_MAX_PORTS && !world->port_pins.ports[number].passthrough)
		number = uplinks_next_port(world, pair, number + 1);
	return number;
}

/* Does any of its ports use XDP? */
static bool uplinks_want_xdp(const struct world *world, const struct uplinks_pair *pair)
{
	for (unsigned number = uplinks_next_port(world, pair, 0); number < VFSTEER_MAX_PORTS;
	     number = uplinks_next_port(world, pair, number + 1))
		if (world->port_pins.ports[number].takes_by == PORT_DRIVER_NATIVE ||
		    world->port_pins.ports[number].delivers_by == PORT_DRIVER_NATIVE)
			return true;
	return false;
}

static bool uplinks_is_veth(const struct world *world, int ifindex)
{
	const struct netdev *device = netdev_by_index(world->table, ifindex);

	return device && !strcmp(device->kind, "veth");
}

/*
 * The groups behind a port are unknown, so all are received. The wires are aligned with the
 * owner.
 */
static int uplinks_receive_groups(struct world *world, const struct uplinks_pair *pair,
				  struct vfsteer_members *members)
{
	const struct netdev *owner = netdev_by_index(world->table, pair->owner);

	if (!owner || members->allmulti_is_ours || owner->flags & IFF_ALLMULTI)
		return 0;
	members->allmulti_is_ours = 1;
	port_pins_set_members(&world->port_pins, pair->slot, members);
	crash_point("uplinks-allmulti-about-to-be-set");
	return link_set_flags(world->requests, pair->owner, IFF_ALLMULTI, IFF_ALLMULTI);
}

/*
 * Loads the owner's tc programs and the XDP program, if the present ones do not suffice or
 * @reload.
 */
static int uplinks_load(struct world *world, const struct uplinks_pair *pair, bool reload)
{
	struct uplinks *uplinks = pair->uplinks;
	struct hook egress = port_programs_standby_egress(&world->pins, pair->owner);
	struct hook ingress = port_programs_standby_ingress(&world->pins, pair->owner);
	__u8 *clsact_is_ours = &world->pins.pairs[pair->slot].owner_clsact_is_ours;
	bool with_xdp = world->features && (uplinks->with_xdp || uplinks_want_xdp(world, pair));
	const struct port_constants constants = {
		.slot = pair->slot,
		.passthrough_port = uplinks_passthrough(world, pair),
		.comes_from_veth = uplinks_is_veth(world, pair->standby) ||
				   uplinks_is_veth(world, pair->primary),
	};
	struct port_programs programs;
	int error;

	if (!reload && uplinks->open && uplinks->with_xdp == with_xdp &&
	    uplinks->loaded.passthrough_port == constants.passthrough_port &&
	    uplinks->loaded.comes_from_veth == constants.comes_from_veth)
		return 0;
	error = port_programs_load(&world->pins, &world->port_pins, &constants, with_xdp,
				   &programs);
	if (error)
		return error;
	crash_point("uplinks-programs-loaded");
	error = hook_check(&egress, programs.egress_fd);
	if (!error)
		error = hook_attach(&ingress, programs.ingress_fd, clsact_is_ours);
	crash_point("uplinks-ingress-attached");
	if (!error)
		error = hook_attach(&egress, programs.egress_fd, clsact_is_ours);
	crash_point("uplinks-egress-attached");
	if (error) {
		port_programs_close(&programs);
		return error;
	}
	port_programs_close(&uplinks->programs);
	uplinks->programs = programs;
	uplinks->loaded = constants;
	uplinks->with_xdp = with_xdp;
	uplinks->open = true;
	return 0;
}

struct uplink {
	enum vfsteer_port_driver driver;
	enum vfsteer_port_obstacle why;
	bool takes_fragments;
};

/*
 * Attaching or detaching XDP stops the driver's queues. Replacing the program does not. So traffic
 * moves off an active primary first; only once, in case the driver refuses. Returns whether XDP may
 * be changed on the device now; if not, pair->uplinks->waits.
 */
static bool uplinks_spare_traffic(struct world *world, const struct uplinks_pair *pair, int ifindex,
				  const struct xdp *xdp, bool is_wanted)
{
	bool is_attached = xdp_is_attached(xdp);
	uint64_t features = 0;

	if (ifindex != pair->primary || is_wanted == is_attached)
		return true;
	if (is_wanted && (pair->uplinks->relieved == ifindex ||
			  xdp_features_get(world->features, ifindex, &features) ||
			  !(features & XDP_FEATURE_BASIC)))
		return true;
	if (!pair->step_aside(world, pair->pair, CAUSE_XDP)) {
		pair->uplinks->waits = true;
		return false;
	}
	pair->uplinks->relieved = ifindex;
	return true;
}

/*
 * Attaches or detaches XDP on one of the two devices. While it waits, the ports' frames go as
 * before.
 */
static struct uplink uplinks_update_device(struct world *world, const struct uplinks_pair *pair,
					   int ifindex, struct xdp xdp)
{
	struct uplink uplink = { .why = OBSTACLE_NONE };
	uint64_t features = 0;

	if (!world->features)
		uplink.why = OBSTACLE_KERNEL;
	else if (!pair->uplinks->with_xdp)
		uplink.why = OBSTACLE_USELESS;
	else if (ifindex == pair->primary && pair->filtered)
		/* ours would take frames that the mirrored program must see */
		uplink.why = OBSTACLE_FOREIGN;
	if (!uplinks_spare_traffic(world, pair, ifindex, &xdp, !uplink.why))
		uplink.why = xdp_is_attached(&xdp) ? OBSTACLE_NONE : OBSTACLE_USELESS;
	else if (uplink.why)
		xdp_detach(&xdp);
	else
		uplink.why = xdp_attach(&xdp, pair->uplinks->programs.xdp_fd);
	crash_point("uplinks-xdp-decided");
	uplink.driver = uplink.why ? PORT_DRIVER_TC : PORT_DRIVER_NATIVE;
	/* After attaching the program: some drivers create the queues for it then. */
	if (!pair->uplinks->with_xdp || xdp_features_get(world->features, ifindex, &features))
		features = 0;
	if (uplink.why == OBSTACLE_DRIVER && features & XDP_FEATURE_BASIC)
		uplink.why = OBSTACLE_REFUSED;
	uplink.takes_fragments = features & XDP_FEATURE_REDIRECT_TARGET_FRAGMENTS;
	if (!(features & XDP_FEATURE_REDIRECT_TARGET) ||
	    port_pins_add_device(&world->port_pins, (__u32)ifindex)) {
		port_pins_remove_device(&world->port_pins, (__u32)ifindex);
		if (!uplink.why)
			uplink.why =
				uplinks_is_veth(world, ifindex) ? OBSTACLE_PEER : OBSTACLE_DRIVER;
	}
	return uplink;
}

/*
 * Writes to the ports' programs what both devices accept. A device that accepts less than the
 * previous one is not in use yet.
 */
static int uplinks_tell_ports(struct world *world, const struct uplinks_pair *pair,
			      bool take_fragments)
{
	int error = 0;

	if (pair->uplinks->take_fragments == take_fragments)
		return 0;
	pair->uplinks->take_fragments = take_fragments;
	for (unsigned number = 0; number < VFSTEER_MAX_PORTS; number++)
		if (world->ports[number].pair == pair->pair &&
		    world->ports[number].programs.ingress_fd >= 0)
			error = port_refresh(world, number) ?: error;
	return error;
}

void uplinks_part(struct world *world, const struct uplinks_pair *pair)
{
	struct xdp xdp = port_programs_primary_xdp(&world->pins, pair->primary);

	if (!pair->uplinks->open || !pair->primary)
		return;
	port_pins_remove_device(&world->port_pins, (__u32)pair->primary);
	xdp_detach(&xdp);
	crash_point("uplinks-primary-detached");
}

bool uplinks_has_passthrough(const struct uplinks *uplinks)
{
	return uplinks->open && uplinks->loaded.passthrough_port < VFSTEER_MAX_PORTS;
}

void uplinks_take_away(const struct pins *pins, struct port_pins *port_pins,
		       struct link_requests *requests, unsigned slot)
{
	const struct vfsteer_pair *pair = &pins->pairs[slot];
	struct hook egress = port_programs_standby_egress(pins, (int)pair->owner_ifindex);
	struct hook ingress = port_programs_standby_ingress(pins, (int)pair->owner_ifindex);
	struct xdp standby = port_programs_standby_xdp(pins, (int)pair->standby_ifindex);
	struct xdp primary = port_programs_primary_xdp(pins, (int)pair->primary_ifindex);
	struct vfsteer_members members;

	port_pins_remove_device(port_pins, pair->standby_ifindex);
	port_pins_remove_device(port_pins, pair->primary_ifindex);
	xdp_detach(&standby);
	xdp_detach(&primary);
	crash_point("uplinks-xdp-detached");
	/* The pair removes the qdisc. */
	hook_detach(&egress, false);
	hook_detach(&ingress, false);
	crash_point("uplinks-tc-detached");
	if (port_pins_members(port_pins, slot, &members))
		return;
	if (members.allmulti_is_ours)
		link_set_flags(requests, (int)pair->owner_ifindex, 0, IFF_ALLMULTI);
	memset(&members, 0, sizeof(members));
	port_pins_set_members(port_pins, slot, &members);
	crash_point("uplinks-taken-away");
}

static void uplinks_close(struct world *world, const struct uplinks_pair *pair)
{
	struct xdp primary = port_programs_primary_xdp(&world->pins, pair->primary);

	if (!uplinks_spare_traffic(world, pair, pair->primary, &primary, false))
		return;
	uplinks_take_away(&world->pins, &world->port_pins, world->requests, pair->slot);
	port_programs_close(&pair->uplinks->programs);
	*pair->uplinks = (struct uplinks){ .programs = PORT_PROGRAMS_NONE };
}

int uplinks_update(struct world *world, const struct uplinks_pair *pair, bool *ret_changed)
{
	struct vfsteer_members members;
	struct uplink standby, primary = { .takes_fragments = true };
	int error;

	*ret_changed = pair->uplinks->waits = false;
	if (!uplinks_have_port(world, pair)) {
		if (pair->uplinks->open) {
			uplinks_close(world, pair);
			*ret_changed = true;
		}
		return 0;
	}
	error = uplinks_load(world, pair, false);
	if (!error)
		error = port_pins_members(&world->port_pins, pair->slot, &members);
	if (error)
		return error;
	error = uplinks_receive_groups(world, pair, &members);
	standby = uplinks_update_device(world, pair, pair->standby,
					port_programs_standby_xdp(&world->pins, pair->standby));
	if (pair->primary && netdev_by_index(world->table, pair->primary))
		primary = uplinks_update_device(
			world, pair, pair->primary,
			port_programs_primary_xdp(&world->pins, pair->primary));
	members.standby_driver = standby.driver;
	members.standby_why = standby.why;
	members.primary_driver = primary.driver;
	members.primary_why = primary.why;
	if (!error)
		error = port_pins_set_members(&world->port_pins, pair->slot, &members);
	if (!error)
		error = uplinks_tell_ports(world, pair,
					   standby.takes_fragments && primary.takes_fragments);
	*ret_changed = true;
	return error;
}

int uplinks_keep_place(struct world *world, const struct uplinks_pair *pair)
{
	struct hook egress = port_programs_standby_egress(&world->pins, pair->owner);
	struct hook ingress = port_programs_standby_ingress(&world->pins, pair->owner);
	__u8 *clsact_is_ours = &world->pins.pairs[pair->slot].owner_clsact_is_ours;
	bool ingress_moves, egress_moves;
	int error = 0;

	if (!pair->uplinks->open)
		return 0;
	ingress_moves = hook_is_misplaced(&ingress);
	egress_moves = hook_is_misplaced(&egress);
	if ((!ingress_moves && !egress_moves) ||
	    !hook_may_move(&pair->uplinks->moves, HOOK_MOVES_MAX))
		return 0;
	if (ingress_moves)
		error = hook_attach(&ingress, pair->uplinks->programs.ingress_fd, clsact_is_ours);
	if (!error && egress_moves)
		error = hook_check(&egress, pair->uplinks->programs.egress_fd);
	if (!error && egress_moves)
		error = hook_attach(&egress, pair->uplinks->programs.egress_fd, clsact_is_ours);
	return error;
}

/* Loads all again, with XDP; what another program attached is replaced. */
int uplinks_reload(struct world *world, const struct uplinks_pair *pair)
{
	return uplinks_load(world, pair, true);
}
