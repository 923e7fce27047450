/* SPDX-License-Identifier: GPL-2.0-only */
#include "pair/aside.h"
#include "pair/pair_announce.h"
#include "pair/switch.h"

bool pair_step_aside(struct world *world, struct pair *pair, enum vfsteer_cause cause)
{
	if (pins_state(&world->pins, pair->slot).active != PATH_PRIMARY)
		return aside_is_over(pair);
	/* The primary carries everything, and stays active. */
	if (!pair_slot(world, pair)->standby_has_carrier)
		return true;
	switch_force(world, pair, PRIMARY_JOINING, cause);
	pair_announce_switch(world, pair);
	pair_announce_late_groups(world, pair);
	pair->aside_until_ns = pair_clock_ns() + ASIDE_DRAIN_NS;
	pair->due = true;
	return false;
}

bool aside_is_awaited(const struct pair *pair)
{
	return pair->uplinks.waits || pair->mirror_waits;
}

bool aside_is_over(const struct pair *pair)
{
	return pair_clock_ns() >= pair->aside_until_ns;
}

uint64_t aside_wake_ns(const struct pair *pair)
{
	if (!aside_is_awaited(pair))
		return 0;
	/*
	 * The time is over and it is not done: the primary is being removed, or a request failed.
	 */
	return aside_is_over(pair) ? pair_clock_ns() + PAIR_RETRY_NS : pair->aside_until_ns;
}
