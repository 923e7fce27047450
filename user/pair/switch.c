/* SPDX-License-Identifier: GPL-2.0-only */
#include "pair/switch.h"
#include "base/crash_point.h"
#include "pair/pair_announce.h"

#include <string.h>

enum switch_result switch_carry_out(struct world *world, struct pair *pair,
				    const struct policy_view *view,
				    const struct policy_decision *decision)
{
	struct vfsteer_state state = view->state, wanted = decision->wanted;
	bool is_grouped = false;

	pair_slot(world, pair)->down_reason = decision->down_reason;
	if (!memcmp(&wanted, &state, sizeof(state)))
		return SWITCH_NOTHING;
	/* A requested switchover, and one to the primary, can wait until the groups are read. */
	if (wanted.active != state.active && (!pair->left_unread || pair->operator_asked)) {
		pair_follow_groups(world, pair);
		is_grouped = true;
	}
	crash_point("pair-word-about-to-change");
	if (!pins_state_change(&world->pins, pair->slot, &state, wanted))
		return SWITCH_OVERTAKEN;
	crash_point("pair-word-changed");
	if (wanted.primary != PRIMARY_LEAVING) {
		pair->removal_cancelled = false;
		pair->leaving_settled_ns = view->leaving_since_ns;
	}
	pair_announce_switch(world, pair);
	if (is_grouped)
		pair->regroup = false;
	pair_announce_late_groups(world, pair);
	return SWITCH_DONE;
}

void switch_force(const struct world *world, const struct pair *pair,
		  enum vfsteer_primary_state primary, enum vfsteer_cause cause)
{
	struct vfsteer_state state = pins_state(&world->pins, pair->slot), wanted;

	do {
		wanted = state;
		wanted.primary = primary;
		if (wanted.active == PATH_PRIMARY) {
			wanted.active = PATH_STANDBY;
			wanted.cause = cause;
		}
	} while (!pins_state_change(&world->pins, pair->slot, &state, wanted));
}

void switch_set_admin(const struct world *world, const struct pair *pair, enum vfsteer_admin admin)
{
	struct vfsteer_state state = pins_state(&world->pins, pair->slot), wanted;

	do {
		wanted = state;
		wanted.admin = admin;
	} while (!pins_state_change(&world->pins, pair->slot, &state, wanted));
}
