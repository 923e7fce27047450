/* SPDX-License-Identifier: GPL-2.0-only */
#include "agent/unload.h"
#include "announce/addresses.h"
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

static void unload_switch(const struct pins *pins, unsigned slot)
{
	struct vfsteer_state state = pins_state(pins, slot), wanted;

	do {
		wanted = state;
		/* The next agent must not take this set-down for a user's request. */
		if (wanted.primary == PRIMARY_READY)
			wanted.primary = PRIMARY_JOINING;
		if (wanted.active == PATH_PRIMARY) {
			wanted.active = PATH_STANDBY;
			wanted.cause = CAUSE_UNLOAD;
		}
	} while (!pins_state_change(pins, slot, &state, wanted));
}

/* From the pair's slot, which has no room for exceptions: if there are any, MACs only. */
static struct announce_filter unload_filter(const struct pins *pins, int standby)
{
	struct announce_filter filter = { 0 };

	for (unsigned slot = 0; slot < VFSTEER_MAX_PAIRS; slot++)
		if (pins->pairs[slot].standby[0] &&
		    (int)pins->pairs[slot].standby_ifindex == standby &&
		    slot_is_here(&pins->pairs[slot]))
			filter.what =
				pins->pairs[slot].announce
					?: (pins->pairs[slot].announce_exceptions ? ANNOUNCE_MACS
										  : ANNOUNCE_ALL);
	return filter;
}

/*
 * Also waits for frames that the network still sends to the primary. @pins: NULL if they cannot be
 * read.
 */
static void unload_announce(const struct pins *pins, const int *standbys, unsigned count,
			    struct netdev_table *table, struct link_requests *requests,
			    int announce_fd)
{
	struct memberships memberships = { 0 };
	struct announcement frames = { 0 };

	/* If they cannot be read, the addresses are still announced. */
	memberships_read(&memberships);
	for (int i = 0; i < UNLOAD_ANNOUNCEMENTS; i++) {
		for (unsigned number = 0; number < count; number++) {
			const struct netdev *standby = netdev_by_index(table, standbys[number]);

			if (pins)
				frames.filter = unload_filter(pins, standbys[number]);
			if (standby && standby->carrier &&
			    !addresses_collect(table, requests, standby, NULL, &frames) &&
			    !membership_reports_collect(table, &memberships, standby,
							&frames.reports))
				announce_send(announce_fd, standby->ifindex, &frames);
		}
		crash_point("unload-announced");
		unload_pause(UNLOAD_DRAIN_MS / UNLOAD_ANNOUNCEMENTS);
	}
	announcement_free(&frames);
	memberships_free(&memberships);
}

/*
 * Has the device been enslaved, been put below another device, or been given an address? Then it
 * stays up for its user. NULL: the standby is unknown.
 */
static bool unload_is_owned(const struct netdev *primary, const struct netdev *standby,
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
	       (standby && owners_find(&addresses, primary, standby, OWNERS_FOREIGN));
}

/*
 * Leaves it as a fresh device, and down. Lists first: if a device is down, the kernel keeps its
 * counts of them (__dev_set_rx_mode).
 */
static int unload_give_back(const struct netdev *primary, const struct netdev *standby,
			    struct netdev_table *table, struct link_requests *requests)
{
	bool stays_up = unload_is_owned(primary, standby, table);
	int error = 0, step_error;
	struct align *align;

	if (!align_new(&align)) {
		align_adopt(align, requests, primary);
		error = align_undo(align, requests, table, primary);
		align_free(align);
	}
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
	const struct netdev *standby = netdev_by_index(table, pins->pairs[slot].standby_ifindex);
	int error = 0, step_error;
	struct xdp mirrored;

	if (primary) {
		if (pins->pairs[slot].rx_direct)
			direct_disable(primary->name);
		pins->pairs[slot].rx_direct = 0;
		if (pins->pairs[slot].primary_qdisc)
			qdisc_drain(requests, primary->ifindex, UNLOAD_QUEUE_MS);
		error = unload_give_back(primary, standby, table, requests);
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

static int unload_standby(const struct pins *pins, unsigned slot)
{
	const struct vfsteer_pair *pair = &pins->pairs[slot];
	bool clsact_was_ours = pair->standby_clsact_is_ours;
	enum filters_qdisc qdisc;
	int error = steer_detach_standby(pins, slot, pair->standby_ifindex);

	if (!error && clsact_was_ours && !filters_get_qdisc((int)pair->standby_ifindex, &qdisc) &&
	    qdisc == FILTERS_QDISC_CLSACT)
		log_info("%s: an empty clsact qdisc stays: removing it from a device that is up "
			 "loses packets; 'tc qdisc delete dev %s clsact' does it",
			 pair->standby, pair->standby);
	return error;
}

static int unload_slot(struct pins *pins, unsigned slot, struct netdev_table *table,
		       struct link_requests *requests)
{
	int error = unload_primary(pins, slot, table, requests),
	    step_error = unload_standby(pins, slot);

	if (!step_error)
		slot_clear(pins, slot);
	crash_point("unload-slot-cleared");
	return error ? error : step_error;
}

int unload_pair(struct pins *pins, unsigned slot, struct netdev_table *table,
		struct link_requests *requests, int announce_fd)
{
	int standby = (int)pins->pairs[slot].standby_ifindex;

	unload_switch(pins, slot);
	unload_announce(pins, &standby, 1, table, requests, announce_fd);
	return unload_slot(pins, slot, table, requests);
}

int unload_everything(struct pins *pins, struct netdev_table *table, struct link_requests *requests,
		      int announce_fd)
{
	int standbys[VFSTEER_MAX_PAIRS], error = 0, step_error;
	unsigned count = 0;

	for (unsigned slot = 0; slot < VFSTEER_MAX_PAIRS; slot++) {
		if (pins->pairs[slot].standby[0])
			unload_switch(pins, slot);
		if (slot_is_here(&pins->pairs[slot]))
			standbys[count++] = pins->pairs[slot].standby_ifindex;
	}
	crash_point("unload-switched");
	unload_announce(pins, standbys, count, table, requests, announce_fd);
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

int unload_unreadable(const char *directory, struct netdev_table *table,
		      struct link_requests *requests, int announce_fd)
{
	/*
	 * Replaces an unreadable entry to name the hooks: a primary's empty qdisc counts as ours.
	 */
	struct vfsteer_pair pair = { 0 };
	struct pins pins = { .pairs = &pair };
	int standbys[VFSTEER_MAX_PAIRS], primaries[VFSTEER_MAX_PAIRS], error = 0, step_error;
	unsigned standby_count = 0, primary_count = 0;
	const struct netdev *device = NULL;

	snprintf(pins.directory, sizeof(pins.directory), "%s", directory);
	port_unload_unreadable(&pins, table);
	while ((device = netdev_next(table, device))) {
		if (strcmp(steer_describe(&pins, device->ifindex), "nothing")) {
			if (standby_count < VFSTEER_MAX_PAIRS)
				standbys[standby_count++] = device->ifindex;
		} else if (strcmp(steer_describe_primary(&pins, device->ifindex), "nothing") &&
			   primary_count < VFSTEER_MAX_PAIRS) {
			primaries[primary_count++] = device->ifindex;
		}
	}
	for (unsigned i = 0; i < standby_count; i++) {
		step_error = steer_detach_standby(&pins, 0, standbys[i]);
		if (!error)
			error = step_error;
	}
	unload_announce(NULL, standbys, standby_count, table, requests, announce_fd);
	for (unsigned i = 0; i < primary_count; i++) {
		step_error = unload_give_back(netdev_by_index(table, primaries[i]), NULL, table,
					      requests);
		if (!error)
			error = step_error;
		pair.primary_clsact_is_ours = 1;
		step_error = steer_detach_primary(&pins, 0, primaries[i]);
		if (!error)
			error = step_error;
	}
	step_error = pins_remove_directory(directory);
	return error ? error : step_error;
}
