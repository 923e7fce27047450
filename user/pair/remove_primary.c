/* SPDX-License-Identifier: GPL-2.0-only */
#include "pair/remove_primary.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "maps/slot.h"
#include "pair/aside.h"
#include "pair/direct.h"
#include "pair/pair_announce.h"
#include "pair/pair_signal.h"
#include "pair/silence.h"
#include "pair/switch.h"

#include <linux/if.h>
#include <string.h>
#include <time.h>

static void pair_drain(void)
{
	const struct timespec drain = { .tv_nsec = ASIDE_DRAIN_NS };

	nanosleep(&drain, NULL);
}

static void pair_log_given_back(const struct vfsteer_pair *slot, const struct netdev *primary,
				int error)
{
	if (error)
		log_warning("%s: %s: some of its settings could not be restored: %s",
			    slot->owner, primary->name, strerror(-error));
}

/* It stays, for another use: its stack may send again. */
static void pair_give_back_stack(struct world *world, const struct pair *pair,
				 const struct netdev *primary)
{
	const struct vfsteer_pair *slot = pair_slot(world, pair);

	if (slot->rx_direct)
		direct_disable(primary->name);
	pair_log_given_back(slot, primary,
			    silence_lift(world->requests, primary->name, primary->ifindex));
	crash_point("pair-stack-given-back");
}

/* The same: it receives what it received before. */
static void pair_give_back_lists(struct world *world, struct pair *pair,
				 const struct netdev *primary)
{
	if (!pair->prepared)
		align_adopt(pair->align, world->requests, primary, pair->kind);
	pair_log_given_back(pair_slot(world, pair), primary,
			    align_undo(pair->align, world->requests, world->table, primary));
	crash_point("pair-lists-given-back");
}

void pair_remove_primary(struct world *world, struct pair *pair, bool is_left)
{
	const struct netdev *primary =
		is_left ? netdev_by_index(world->table, pair->primary) : NULL;
	struct vfsteer_pair *slot = pair_slot(world, pair);
	bool was_active = pins_state(&world->pins, pair->slot).active == PATH_PRIMARY;

	/*
	 * One that an earlier agent has given back is in order already: its program was removed
	 * last.
	 */
	if (primary && !pair->prepared &&
	    !steer_has_primary(&world->pins, pair->slot, primary->ifindex) &&
	    !silence_was_made(primary->name))
		primary = NULL;
	/*
	 * First: its messages (MLD, DAD) draw frames of the network to it, which are taken while
	 * the program is attached.
	 */
	if (primary)
		pair_give_back_stack(world, pair, primary);
	switch_force(world, pair, PRIMARY_ABSENT, primary ? CAUSE_OWNED : CAUSE_GONE);
	crash_point("pair-parting");
	pair_announce_switch(world, pair);
	pair_announce_late_groups(world, pair);
	if (primary && was_active)
		pair_drain();
	pair_detach_uplinks(world, pair);
	if (primary)
		pair_give_back_lists(world, pair, primary);
	pair_qdisc_remove(world, pair);
	if (primary && slot->primary_is_shut)
		pair_log_given_back(
			slot, primary,
			link_set_flags(world->requests, primary->ifindex, IFF_UP, IFF_UP));
	xdp_mirror_remove(world, pair);
	steer_detach_primary(&world->pins, pair->slot, pair->primary);
	crash_point("pair-primary-detached");
	slot_write_primary(slot, NULL);
	crash_point("pair-primary-forgotten");
	pair->primary = 0;
	pair_update_uplinks(world, pair);
	pair_update_announcer(world, pair);
	pair->prepared = pair->adopted = pair->mtu_refused = pair->removal_cancelled = false;
	pair->carrier_since_ns = pair->active_since_ns = pair->receives_ns = pair->aside_until_ns =
		0;
	pair->was_closed = false;
	pair->unfit = DOWN_NOT;
	pair->read_error = 0;
	pair->guard = (struct guard){ 0 };
	slot->primary_is_detached = slot->rx_direct = slot->primary_failures = 0;
	slot->down_reason = DOWN_NOT;
}

void pair_remove(struct world *world, struct pair *pair)
{
	if (pair->primary)
		pair_remove_primary(world, pair, true);
	pair_path_end(world, pair);
	announcer_clear(world->announcer, pair->slot);
	pair_signal_end(world, pair);
	steer_detach_owner(&world->pins, pair->slot);
	crash_point("pair-standby-detached");
	slot_clear(&world->pins, pair->slot);
	crash_point("pair-slot-cleared");
	pair_free(pair);
}
