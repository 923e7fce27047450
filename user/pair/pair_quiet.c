/* SPDX-License-Identifier: GPL-2.0-only */
#include "pair/pair_quiet.h"
#include "pair/pair_announce.h"

/* Differs between pairs and looks. */
static uint32_t pair_quiet_random(const struct pair *pair, uint64_t now_ns)
{
	return (uint32_t)((now_ns + pair->slot) * 0x9e3779b97f4a7c15ULL >> 32);
}

bool pair_quiet_look(const struct world *world, struct pair *pair)
{
	uint64_t now_ns = pair_clock_ns();
	struct vfsteer_counters counters;

	if (!world->announce_again_ns || !quiet_is_due(&pair->quiet, now_ns) ||
	    pins_counters(&world->pins, pair->slot, &counters))
		return false;
	pair->readdress = true;
	return quiet_look(&pair->quiet, counters.tx_primary_packets + counters.tx_standby_packets,
			  now_ns, world->announce_again_ns, pair_quiet_random(pair, now_ns));
}

void pair_quiet_announce(struct world *world, struct pair *pair)
{
	struct announcement macs = { 0 };

	for (size_t i = 0; i < pair->frames.count; i++)
		if (announce_is_rarp(&pair->frames.frames[i]) &&
		    announcement_add_frame(&macs, &pair->frames.frames[i]))
			break;
	pair_announce_list(world, pair, pins_state(&world->pins, pair->slot).active, &macs);
	announcement_free(&macs);
}

uint64_t pair_quiet_wake_ns(const struct world *world, const struct pair *pair)
{
	return world->announce_again_ns ? pair->quiet.look_ns : 0;
}
