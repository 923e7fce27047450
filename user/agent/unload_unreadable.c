/* SPDX-License-Identifier: GPL-2.0-only */
/* unload_unreadable: unloads by what the devices show, where the pins cannot be read. */
#include "agent/unload.h"
#include "agent/unload_parts.h"
#include "datapath/steer.h"
#include "maps/pins_make.h"
#include "pair/silence.h"
#include "policy/candidates.h"
#include "port/port_unload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Owners whose programs to detach, and devices prepared as a primary, as far as the devices show.
 */
struct unload_found {
	struct vfsteer_pair owners[VFSTEER_MAX_PAIRS]; /* only owner, standby and kind */
	unsigned owner_count;
	int primaries[VFSTEER_MAX_PAIRS];
	unsigned primary_count;
};

static void unload_find_device(const struct pins *pins, const struct netdev *device,
			       const struct netdev *const *devices, size_t count,
			       struct unload_found *found)
{
	const struct netdev *master = candidates_net_failover(device, devices, count), *standby;

	if (strcmp(steer_describe(pins, device->ifindex), "nothing")) {
		standby = candidates_standby_of(device, devices, count);
		if (found->owner_count < VFSTEER_MAX_PAIRS)
			found->owners[found->owner_count++] = (struct vfsteer_pair){
				.kind = standby ? KIND_NET_FAILOVER : KIND_PLAIN,
				.owner_ifindex = device->ifindex,
				.standby_ifindex = standby ? standby->ifindex : device->ifindex,
			};
		return;
	}
	if (found->primary_count == VFSTEER_MAX_PAIRS)
		return;
	if (master ? silence_was_made(device->name) &&
			     candidates_standby_of(master, devices, count) != device
		   : strcmp(steer_describe_primary(pins, device->ifindex), "nothing") != 0)
		found->primaries[found->primary_count++] = device->ifindex;
}

static void unload_find(const struct pins *pins, const struct netdev_table *table,
			struct unload_found *found)
{
	const struct netdev **devices;
	size_t count;

	devices = netdev_list(table, &count);
	for (size_t i = 0; devices && i < count; i++)
		unload_find_device(pins, devices[i], devices, count, found);
	free(devices);
}

static int unload_take_found(struct unload_found *found, struct pins *pins,
			     struct netdev_table *table, struct link_requests *requests,
			     int announce_fd)
{
	struct unload_wire wires[VFSTEER_MAX_PAIRS] = { 0 };
	int error = 0, step_error;

	for (unsigned i = 0; i < found->owner_count; i++) {
		*pins->pairs = found->owners[i];
		wires[i] = (struct unload_wire){ (int)pins->pairs->owner_ifindex,
						 pins->pairs->kind == KIND_PLAIN
							 ? (int)pins->pairs->standby_ifindex
							 : 0 };
		step_error = steer_detach_owner(pins, 0);
		error = error ? error : step_error;
	}
	unload_announce(NULL, wires, found->owner_count, table, requests, announce_fd);
	for (unsigned i = 0; i < found->primary_count; i++) {
		const struct netdev *primary = netdev_by_index(table, found->primaries[i]);

		*pins->pairs = (struct vfsteer_pair){ .kind = primary->master ? KIND_NET_FAILOVER
									      : KIND_PLAIN,
						      .primary_clsact_is_ours = 1 };
		step_error = unload_give_back(primary, NULL, pins->pairs->kind, table, requests);
		error = error ? error : step_error;
		step_error = steer_detach_primary(pins, 0, found->primaries[i]);
		error = error ? error : step_error;
	}
	return error;
}

int unload_unreadable(const char *directory, struct netdev_table *table,
		      struct link_requests *requests, int announce_fd)
{
	/*
	 * Replaces an unreadable entry to name the hooks: a primary's empty qdisc counts as ours.
	 */
	struct vfsteer_pair pair = { 0 };
	struct pins pins = { .pairs = &pair };
	static struct unload_found found;
	int error, step_error;

	snprintf(pins.directory, sizeof(pins.directory), "%s", directory);
	port_unload_unreadable(&pins, table);
	memset(&found, 0, sizeof(found));
	unload_find(&pins, table, &found);
	error = unload_take_found(&found, &pins, table, requests, announce_fd);
	step_error = pins_remove_directory(directory);
	return error ? error : step_error;
}
