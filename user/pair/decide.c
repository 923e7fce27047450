/* SPDX-License-Identifier: GPL-2.0-only */
#include "pair/decide.h"
#include "pair/observe.h"
#include "pair/switch.h"

#define DECIDE_CAS_TRIES 16

static struct policy_view decide_observe(const struct world *world, struct pair *pair,
					 struct vfsteer_state state)
{
	uint64_t now_ns = pair_clock_ns();

	observe_note(world, pair, now_ns);
	return observe_view(world, pair, state, now_ns);
}

uint64_t pair_decide(struct world *world, struct pair *pair)
{
	uint64_t wake_ns = 0;

	for (int i = 0; i < DECIDE_CAS_TRIES; i++) {
		/*
		 * The word before the device: a change in between changes the word, and the swap
		 * fails.
		 */
		struct vfsteer_state state = pins_state(&world->pins, pair->slot);
		struct policy_view view = decide_observe(world, pair, state);
		struct policy_decision decision = policy_decide(&view, &world->limits);
		enum switch_result result;

		pair->left_unread = policy_is_urgent(&view, &decision);
		if (!pair->left_unread) {
			bool is_read = observe_read(world, pair, state);

			view = decide_observe(world, pair, state);
			view.primary_is_read = is_read;
			decision = policy_decide(&view, &world->limits);
		}
		wake_ns = decision.wake_ns;
		result = switch_carry_out(world, pair, &view, &decision);
		if (result == SWITCH_NOTHING || (result == SWITCH_DONE && pair->left_unread))
			break;
	}
	pair->operator_asked = false;
	return pair->left_unread ? pair_clock_ns() : wake_ns;
}
