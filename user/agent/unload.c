/* SPDX-License-Identifier: GPL-2.0-only */
#include "agent/unload.h"
#include "agent/unload_parts.h"
#include "announce/addresses.h"
#include "announce/membership_queries.h"
#include "announce/membership_reports.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "datapath/filters.h"
#include "datapath/steer.h"
#include "datapath/watch_test.h"
#include "datapath/xdp.h"
#include "maps/pins_make.h"
#include "maps/slot.h"
#include "netdev/qdisc.h"
#include "pair/align.h"
#include "pair/direct.h"
#include "pair/silence.h"
#include "policy/owners.h"
#include "port/port_unload.h"

#include <linux/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * For frames that the network sends to the primary's port after the announcement, and those in its
 * ring.
 */
#define UNLOAD_DRAIN_MS 200
#define UNLOAD_ANNOUNCEMENTS 3
#define UNLOAD_QUEUE_MS 1000 /* for a shaper that we put on the primary to send its queue */

static void unload_pause(unsigned ms)
{
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	while (nanosleep(&time, &time))
		;
}

static bool unload_can_carry(const struct netdev *primary)
{
	return primary && primary->flags & IFF_UP && primary->carrier;
}

/*
 * A plain guest uses its standby. As soon as our programs are gone, net_failover uses the primary
 * and receives by nothing else.
 */
static struct unload_wire unload_switch(const struct pins *pins, unsigned slot,
					const struct netdev_table *table)
{
	const struct vfsteer_pair *pair = &pins->pairs[slot];
	struct vfsteer_state state = pins_state(pins, slot), wanted;
	bool by_primary = pair->kind == KIND_NET_FAILOVER &&
			  unload_can_carry(netdev_by_index(table, (int)pair->primary_ifindex));
	struct unload_wire wire = { (int)pair->owner_ifindex,
				    (int)(by_primary ? pair->primary_ifindex
						     : pair->standby_ifindex) };

	if (by_primary && state.active == PATH_PRIMARY)
		wire.device = 0;

	do {
		wanted = state;
		/* The next agent must not take this set-down for a user's request. */
		if (wanted.primary == PRIMARY_READY)
			wanted.primary = PRIMARY_JOINING;
		if (wanted.active != (by_primary ? PATH_PRIMARY : PATH_STANDBY)) {
			wanted.active = by_primary ? PATH_PRIMARY : PATH_STANDBY;
			wanted.cause = CAUSE_UNLOAD;
		}
	} while (!pins_state_change(pins, slot, &state, wanted));
	return wire;
}

/* From the pair's slot, which has no room for exceptions: if there are any, MACs only. */
static struct announce_filter unload_filter(const struct pins *pins, int owner)
{
	struct announce_filter filter = { 0 };

	for (unsigned slot = 0; slot < VFSTEER_MAX_PAIRS; slot++)
		if (pins->pairs[slot].standby[0] && (int)pins->pairs[slot].owner_ifindex == owner &&
		    slot_is_here(&pins->pairs[slot]))
			filter.what =
				pins->pairs[slot].announce
					?: (pins->pairs[slot].announce_exceptions ? ANNOUNCE_MACS
										  : ANNOUNCE_ALL);
	return filter;
}

/* The stations are asked on their ports, which no wire is. */
static void unload_announce_one(const struct unload_wire *wires, unsigned count,
				const struct netdev *device, int announce_fd,
				struct announcement *frames)
{
	announce_send(announce_fd, device->ifindex, frames);
	for (unsigned number = 0; number < count; number++) {
		membership_queries_leave_out(&frames->queries, wires[number].owner);
		membership_queries_leave_out(&frames->queries, wires[number].device);
	}
	announce_ask_all(announce_fd, &frames->queries);
}

void unload_announce(const struct pins *pins, const struct unload_wire *wires, unsigned count,
		     struct netdev_table *table, struct link_requests *requests, int announce_fd)
{
	struct memberships memberships = { 0 };
	struct announcement frames = { 0 };
	struct bridged_groups groups = { 0 };
	struct bridges bridges = { 0 };

	/* If they cannot be read, the addresses are still announced. */
	memberships_read(&memberships);
	for (int i = 0; i < UNLOAD_ANNOUNCEMENTS; i++) {
		groups.is_current = false;
		for (unsigned number = 0; number < count; number++) {
			const struct netdev *owner = netdev_by_index(table, wires[number].owner);
			const struct netdev *device = netdev_by_index(table, wires[number].device);

			if (pins)
				frames.filter = unload_filter(pins, wires[number].owner);
			if (owner && device && device->carrier &&
			    !addresses_collect(table, requests, owner, &bridges, &groups, NULL,
					       &frames) &&
			    !membership_reports_collect(table, &memberships, &bridges, &groups,
							owner, &frames.reports))
				unload_announce_one(wires, count, device, announce_fd, &frames);
		}
		crash_point("unload-announced");
		unload_pause(UNLOAD_DRAIN_MS / UNLOAD_ANNOUNCEMENTS);
	}
	announcement_free(&frames);
	bridged_groups_free(&groups);
	bridges_free(&bridges);
	memberships_free(&memberships);
}

/*
 * Has the device been enslaved, been put below another device, or been given an address? Then it
 * stays up for its user, as for net_failover. NULL: the owner is unknown.
 */
static bool unload_is_owned(const struct netdev *primary, const struct netdev *owner,
			    const struct netdev_table *table)
{
	struct owners_addresses addresses;
	const struct netdev **devices;
	size_t count;
	bool has_upper;

	devices = netdev_list(table, &count);
	has_upper = devices && owners_find_upper(devices, count, primary);
	free(devices);
	addresses.list = netdev_addresses(table, &addresses.count);
	return primary->master || has_upper ||
	       (owner && owners_find(&addresses, primary, owner, OWNERS_FOREIGN));
}

/* What was set on it for the owner's sake is taken to be all that is set on it. */
static int unload_alignment(const struct netdev *device, enum vfsteer_kind kind,
			    const struct netdev_table *table, struct link_requests *requests)
{
	struct align *align;
	int error = align_new(&align);

	if (error)
		return error;
	align_adopt(align, requests, device, kind);
	error = align_undo(align, requests, table, device);
	align_free(align);
	return error;
}

int unload_give_back(const struct netdev *primary, const struct netdev *owner,
		     enum vfsteer_kind kind, struct netdev_table *table,
		     struct link_requests *requests)
{
	bool stays_up = unload_is_owned(primary, owner, table);
	int error = unload_alignment(primary, kind, table, requests), step_error;

	crash_point("unload-primary-undone");
	step_error = stays_up ? 0 : link_set_flags(requests, primary->ifindex, 0, IFF_UP);
	if (!error)
		error = step_error;
	crash_point("unload-primary-down");
	step_error = silence_lift(requests, primary->name, primary->ifindex);
	return error ? error : step_error;
}

static int unload_primary(const struct pins *pins, unsigned slot, struct netdev_table *table,
			  struct link_requests *requests)
{
	const struct netdev *primary = netdev_by_index(table, pins->pairs[slot].primary_ifindex);
	const struct netdev *owner = netdev_by_index(table, pins->pairs[slot].owner_ifindex);
	int error = 0, step_error;
	struct xdp mirrored;

	if (primary) {
		if (pins->pairs[slot].rx_direct)
			direct_disable(primary->name);
		pins->pairs[slot].rx_direct = 0;
		if (pins->pairs[slot].primary_qdisc)
			qdisc_drain(requests, primary->ifindex, UNLOAD_QUEUE_MS);
		error = unload_give_back(primary, owner, pins->pairs[slot].kind, table, requests);
		step_error = qdisc_take_back(requests, primary->ifindex,
					     pins->pairs[slot].primary_qdisc);
		error = error ? error : step_error;
		pins->pairs[slot].primary_qdisc = 0;
		crash_point("unload-primary-qdisc-removed");
	}
	crash_point("unload-primary-lifted");
	mirrored = xdp_mirror_link(pins, (int)pins->pairs[slot].primary_ifindex);
	xdp_detach(&mirrored);
	crash_point("unload-mirrored-xdp-detached");
	step_error = steer_detach_primary(pins, slot, pins->pairs[slot].primary_ifindex);
	crash_point("unload-primary-detached");
	return error ? error : step_error;
}

static int unload_owner(const struct pins *pins, unsigned slot)
{
	const struct vfsteer_pair *pair = &pins->pairs[slot];
	bool clsact_was_ours = pair->owner_clsact_is_ours;
	enum filters_qdisc qdisc;
	int error = steer_detach_owner(pins, slot);

	if (!error && clsact_was_ours && !filters_get_qdisc((int)pair->owner_ifindex, &qdisc) &&
	    qdisc == FILTERS_QDISC_CLSACT)
		log_info("%s: an empty clsact qdisc stays: removing it from a device that is up "
			 "loses packets; 'tc qdisc delete dev %s clsact' does it",
			 pair->owner, pair->owner);
	return error;
}

static int unload_slot(struct pins *pins, unsigned slot, struct netdev_table *table,
		       struct link_requests *requests)
{
	const struct vfsteer_pair *pair = &pins->pairs[slot];
	const struct netdev *standby = netdev_by_index(table, (int)pair->standby_ifindex);
	int error = unload_primary(pins, slot, table, requests),
	    step_error = unload_owner(pins, slot), standby_error = 0;

	if (pair->kind == KIND_NET_FAILOVER && standby)
		standby_error = unload_alignment(standby, pair->kind, table, requests);
	if (!step_error)
		slot_clear(pins, slot);
	crash_point("unload-slot-cleared");
	if (!error)
		error = step_error;
	return error ? error : standby_error;
}

int unload_pair(struct pins *pins, unsigned slot, struct netdev_table *table,
		struct link_requests *requests, int announce_fd)
{
	struct unload_wire wire = unload_switch(pins, slot, table);

	unload_announce(pins, &wire, 1, table, requests, announce_fd);
	return unload_slot(pins, slot, table, requests);
}

int unload_everything(struct pins *pins, struct netdev_table *table, struct link_requests *requests,
		      int announce_fd)
{
	struct unload_wire wires[VFSTEER_MAX_PAIRS];
	int error = 0, step_error;
	unsigned count = 0;

	for (unsigned slot = 0; slot < VFSTEER_MAX_PAIRS; slot++) {
		if (!pins->pairs[slot].standby[0])
			continue;
		wires[count] = unload_switch(pins, slot, table);
		count += slot_is_here(&pins->pairs[slot]);
	}
	crash_point("unload-switched");
	unload_announce(pins, wires, count, table, requests, announce_fd);
	port_unload(pins, table, requests);
	for (unsigned slot = 0; slot < VFSTEER_MAX_PAIRS; slot++) {
		if (!slot_is_here(&pins->pairs[slot]))
			continue;
		step_error = unload_slot(pins, slot, table, requests);
		if (!error)
			error = step_error;
	}
	crash_point("unload-pairs-given-up");
	watch_test_clean(requests);
	step_error = pins_remove(pins);
	return error ? error : step_error;
}
