/* SPDX-License-Identifier: GPL-2.0-only */
#include "unload.h"
#include "addresses.h"
#include "align.h"
#include "crash_point.h"
#include "direct.h"
#include "pins_make.h"
#include "silence.h"
#include "slot.h"
#include "steer.h"

#include <linux/if.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* What the network still sends to the primary's port after the announcement, and what waits in its ring. */
#define UNLOAD_DRAIN_MS 200
#define UNLOAD_ANNOUNCEMENTS 3

static void unload_pause(unsigned ms)
{
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	while (nanosleep(&time, &time))
		;
}

/* Pins of another network namespace: the devices that bear the same numbers here are none of ours. */
static bool unload_is_here(const struct vfsteer_pair *pair)
{
	struct stat namespace;

	return pair->standby[0] && !stat("/proc/self/ns/net", &namespace) && pair->network_namespace == namespace.st_ino;
}

static void unload_switch(const struct pins *pins, unsigned slot)
{
	struct vfsteer_state state = pins_state(pins, slot), wanted;

	do {
		wanted = state;
		/* What is set down now is so by nobody's wish, if another agent is to find it. */
		if (wanted.primary == PRIMARY_READY)
			wanted.primary = PRIMARY_JOINING;
		if (wanted.active == PATH_PRIMARY) {
			wanted.active = PATH_STANDBY;
			wanted.cause = CAUSE_UNLOAD;
		}
	} while (!pins_state_change(pins, slot, &state, wanted));
}

static void unload_announce(const struct pins *pins, struct netdev_table *table, struct link_requests *requests,
			    int announce_fd)
{
	struct announcement frames = { 0 };

	for (unsigned slot = 0; slot < pins->capacity; slot++) {
		const struct netdev *standby = netdev_by_index(table, pins->pairs[slot].standby_ifindex);

		if (unload_is_here(&pins->pairs[slot]) && standby && standby->carrier &&
		    !addresses_collect(table, requests, standby, &frames))
			announce_send(announce_fd, standby->ifindex, &frames);
	}
	announcement_free(&frames);
}

static int unload_primary(const struct pins *pins, unsigned slot, struct netdev_table *table,
			  struct link_requests *requests)
{
	const struct netdev *primary = netdev_by_index(table, pins->pairs[slot].primary_ifindex);
	struct align *align;
	int error = 0, step_error;

	if (primary) {
		if (pins->pairs[slot].rx_direct)
			direct_disable(primary->name);
		pins->pairs[slot].rx_direct = 0;
		error = link_set_flags(requests, primary->ifindex, 0, IFF_UP);
		crash_point("unload-primary-down");
		if (!align_new(&align)) {
			align_adopt(align, requests, primary);
			step_error = align_undo(align, requests, table, primary);
			if (!error)
				error = step_error;
			align_free(align);
		}
		crash_point("unload-primary-undone");
		step_error = silence_lift(requests, primary->name, primary->ifindex);
		if (!error)
			error = step_error;
	}
	crash_point("unload-primary-lifted");
	step_error = steer_detach_primary(pins, slot, pins->pairs[slot].primary_ifindex);
	crash_point("unload-primary-detached");
	return error ? error : step_error;
}

int unload_everything(struct pins *pins, struct netdev_table *table, struct link_requests *requests, int announce_fd)
{
	int error = 0, step_error;

	for (unsigned slot = 0; slot < pins->capacity; slot++)
		if (pins->pairs[slot].standby[0])
			unload_switch(pins, slot);
	crash_point("unload-switched");
	for (int i = 0; i < UNLOAD_ANNOUNCEMENTS; i++) {
		unload_announce(pins, table, requests, announce_fd);
		crash_point("unload-announced");
		unload_pause(UNLOAD_DRAIN_MS / UNLOAD_ANNOUNCEMENTS);
	}
	for (unsigned slot = 0; slot < pins->capacity; slot++) {
		if (!unload_is_here(&pins->pairs[slot]))
			continue;
		step_error = unload_primary(pins, slot, table, requests);
		if (!error)
			error = step_error;
		step_error = steer_detach_standby(pins, slot, pins->pairs[slot].standby_ifindex);
		if (!error)
			error = step_error;
		if (!step_error)
			slot_clear(&pins->pairs[slot]);
		crash_point("unload-slot-cleared");
	}
	crash_point("unload-pairs-given-up");
	step_error = pins_remove(pins);
	return error ? error : step_error;
}
