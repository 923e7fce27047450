/* SPDX-License-Identifier: GPL-2.0-only */
#include "pair/pair_drain.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/names.h"
#include "datapath/drain_read.h"
#include "maps/slot_drain.h"
#include "pair/switch.h"

#include <errno.h>
#include <inttypes.h>

#define DRAINED_LOOK_NS 500000000ULL /* whether it is still so */

int pair_drain_begin(struct world *world, struct pair *pair, unsigned for_s)
{
	const struct netdev *standby = netdev_by_index(world->table, pair->standby);
	struct vfsteer_pair *slot = pair_slot(world, pair);
	struct vfsteer_state state = pins_state(&world->pins, pair->slot);

	if (pair->primary && state.primary != PRIMARY_ABSENT && standby && !standby->carrier)
		return -ENOTCONN;
	slot_drain_begin(slot, state.admin, for_s ? pair_clock_ns() + for_s * CLOCK_NS_PER_S : 0);
	switch_set_admin(world, pair, ADMIN_STANDBY);
	pair->drain = (struct drain){ 0 };
	pair->operator_asked = pair->due = true;
	return 0;
}

void pair_drain_expire(struct world *world, struct pair *pair)
{
	struct vfsteer_pair *slot = pair_slot(world, pair);
	uint64_t now_ns = pair_clock_ns(), until_ns = slot_drain_until_ns(slot, now_ns);
	enum vfsteer_admin admin;

	if (slot_drain(slot) == DRAIN_NONE || !until_ns || now_ns < until_ns)
		return;
	admin = slot_drain_end(slot);
	switch_set_admin(world, pair, admin);
	log_info("%s: the drain ends after its time: admin: %s", slot->owner, words_admin(admin));
}

uint64_t pair_drain_step(struct world *world, struct pair *pair)
{
	struct vfsteer_pair *slot = pair_slot(world, pair);
	enum vfsteer_drain known = slot_drain(slot), found = DRAIN_WAITING;
	uint64_t now_ns = pair_clock_ns();
	enum drain_obstacle obstacle;
	struct drain_sample sample;

	if (known == DRAIN_NONE) {
		pair->drain = (struct drain){ 0 };
		return 0;
	}
	if (drain_read(&world->pins, pair->slot, world->requests, &sample))
		return pair_earlier(now_ns + PAIR_RETRY_NS, slot_drain_until_ns(slot, now_ns));
	obstacle = drain_look(&pair->drain, &sample, now_ns);
	/* An agent that adopts a drained pair has to look for a while, too. */
	if (obstacle == DRAIN_CLEAR || (obstacle == DRAIN_SETTLES && known == DRAIN_DONE))
		found = DRAIN_DONE;
	slot_drain_note(slot, found);
	if (found != known && found == DRAIN_DONE)
		log_info("%s: drained: nothing is in flight on %s", slot->owner,
			 slot->primary[0] ? slot->primary : "the primary, which is absent");
	else if (found != known)
		log_info("%s: no longer drained: %s", slot->owner, drain_explain(obstacle));
	return pair_earlier(now_ns + (found == DRAIN_DONE && obstacle == DRAIN_CLEAR
					      ? DRAINED_LOOK_NS
					      : DRAIN_LOOK_NS),
			    slot_drain_until_ns(slot, now_ns));
}
