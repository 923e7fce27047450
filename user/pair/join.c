/* SPDX-License-Identifier: GPL-2.0-only */
#include "pair/join.h"
#include "base/crash_point.h"
#include "maps/slot.h"
#include "pair/silence.h"

#include <errno.h>
#include <linux/if.h>

int join_primary(struct world *world, struct pair *pair, const struct netdev *primary, const char **ret_what)
{
	struct vfsteer_pair *slot = &world->pins.pairs[pair->slot];
	struct vfsteer_state state = pins_state(&world->pins, pair->slot), wanted;
	bool stay_down = pair->adopted && state.primary == PRIMARY_DOWN && !(primary->flags & IFF_UP) && !slot->primary_is_shut;
	int ifindex = primary->ifindex, error;

	if (!pair->adopted)
		do {
			wanted = state;
			wanted.primary = PRIMARY_JOINING;
		} while (!pins_state_change(&world->pins, pair->slot, &state, wanted));
	crash_point("join-about-to-be-written");
	slot_write_primary(slot, primary);
	crash_point("join-written");
	error = silence_primary(world->requests, primary->name, primary->ifindex);
	if (error) {
		*ret_what = "cannot be kept silent, so it is not used";
		return error;
	}
	crash_point("join-silenced");
	error = steer_attach_primary(pair->steer, primary->ifindex);
	if (error) {
		*ret_what = "cannot have a program on its ingress, so it is not used";
		return error;
	}
	crash_point("join-attached");
	/* Before it is up, and may receive past it. */
	netdev_refresh(world->table, pair->standby);
	xdp_mirror_update(world, pair);
	primary = netdev_by_index(world->table, ifindex);
	if (!primary) {
		*ret_what = "is gone again";
		return -ENODEV;
	}
	/* XDP before it is up: a driver that has to stop its queues for it loses nothing. Without, ports' frames go by tc. */
	pair_update_uplinks(world, pair);
	pins_expect_twins(&world->pins, pair->slot);
	if (stay_down || primary->flags & IFF_UP)
		return 0;
	if (pair->unfit == DOWN_XDP) {
		slot->primary_is_shut = 1;
		return 0;
	}
	error = link_set_flags(world->requests, primary->ifindex, IFF_UP, IFF_UP);
	crash_point("join-set-up");
	if (error)
		*ret_what = "cannot be set up";
	return error;
}
