/* SPDX-License-Identifier: GPL-2.0-only */
#include "pair/join.h"
#include "base/crash_point.h"
#include "maps/slot.h"
#include "pair/guard.h"
#include "pair/pair_announce.h"
#include "pair/realign.h"
#include "pair/silence.h"

#include <errno.h>
#include <linux/if.h>

/* net_failover opens its slaves when its master is set up. */
static bool join_waits_for_owner(const struct world *world, const struct pair *pair)
{
	const struct netdev *owner = pair_owner(world, pair);

	return pair->kind == KIND_NET_FAILOVER && (!owner || !(owner->flags & IFF_UP));
}

/*
 * Writes @primary to the slot (so that the watch programs know it), silences it, attaches its
 * program, and sets it up, except an adopted one that a user had set down. Returns 0; or -errno,
 * with *ret_what (static string) for what failed; the pair then stays on the standby.
 */
static int join_primary(struct world *world, struct pair *pair, const struct netdev *primary,
			const char **ret_what)
{
	struct vfsteer_pair *slot = &world->pins.pairs[pair->slot];
	struct vfsteer_state state = pins_state(&world->pins, pair->slot), wanted;
	bool stay_down = pair->adopted && state.primary == PRIMARY_DOWN &&
			 !(primary->flags & IFF_UP) && !slot->primary_is_shut;
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
	/* Before it is up, and may receive past the program. */
	netdev_refresh(world->table, pair->owner);
	xdp_mirror_update(world, pair);
	primary = netdev_by_index(world->table, ifindex);
	if (!primary) {
		*ret_what = "is gone again";
		return -ENODEV;
	}
	/*
	 * XDP before it is up: a driver that stops its queues for it then loses nothing. Without
	 * XDP, frames of ports go by tc.
	 */
	pair_update_uplinks(world, pair);
	pins_expect_twins(&world->pins, pair->slot);
	if (stay_down || primary->flags & IFF_UP || join_waits_for_owner(world, pair))
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

/* Notes the identity of a named primary at its first use: see identity.h. */
static void pair_pin_primary(const struct world *world, const struct pair *pair,
			     const struct netdev *primary)
{
	struct candidates_named named = slot_read_named(pair_slot(world, pair));

	if (!pair->named || identity_is_pinned(&named.identity))
		return;
	named.identity = identity_of(primary);
	slot_write_named(pair_slot(world, pair), &named);
}

void pair_add_primary(struct world *world, struct pair *pair, const struct netdev *owner,
		      int primary_ifindex)
{
	const struct netdev *primary;
	const char *what = "";
	int error;

	/*
	 * Of an earlier primary; or, if an adopted one's word does not show it, settled by the
	 * agent before.
	 */
	if (pair->primary != primary_ifindex)
		pair->leaving_settled_ns = pair_slot(world, pair)->primary_leaving_boot_ns;
	pair->primary = primary_ifindex;
	pair_update_announcer(world, pair);
	/* Joining silences its stack, which then receives nothing. */
	pair_slot(world, pair)->rx_direct = 0;
	primary = netdev_by_index(world->table, primary_ifindex);
	if (!primary)
		return;
	pair->primary_incarnation = primary->incarnation;
	if (pair->adopted)
		align_adopt(pair->align, world->requests, primary, pair->kind);
	pair->guard.due = true;
	guard_strip(world, pair, owner, primary);
	error = join_primary(world, pair, primary, &what);
	pair->prepared = !error;
	pair_qdisc_look(pair, 0);
	/* Joining reads devices again, which moves them in the table. */
	primary = netdev_by_index(world->table, primary_ifindex);
	owner = pair_owner(world, pair);
	if (error) {
		if (owner && primary)
			pair_log_trouble(&pair->trouble, owner, primary, what, error);
		return;
	}
	pair->adopted = false;
	if (primary)
		pair_pin_primary(world, pair, primary);
	pair_keep_place(world, pair);
	pair_realign(world, pair);
}
