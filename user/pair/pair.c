/* SPDX-License-Identifier: GPL-2.0-only */
#include "pair/pair.h"
#include "base/clock.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "maps/slot.h"
#include "pair/own_macs.h"
#include "pair/pair_announce.h"
#include "pair/silence.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


uint64_t pair_clock_ns(void)
{
	return clock_now_ns(CLOCK_BOOTTIME);
}

/*
 * Has the primary been in this namespace since it was prepared? A move removes clsact and settings;
 * tcx stays.
 */
static bool pair_is_as_left(const struct world *world, unsigned slot, const struct netdev *primary)
{
	return steer_has_primary(&world->pins, slot, primary->ifindex) &&
	       silence_was_made(primary->name);
}

/*
 * False: its standby has another owner since then. What is attached to the earlier one is removed.
 */
static bool pair_keep_slot(struct world *world, unsigned number, const struct pairing *pairing)
{
	const struct vfsteer_pair *slot = &world->pins.pairs[number];

	if (slot->owner_ifindex == (__u32)pairing->owner && slot->kind == pairing->kind)
		return true;
	steer_detach_primary(&world->pins, number, (int)slot->primary_ifindex);
	steer_detach_owner(&world->pins, number);
	slot_clear(&world->pins, number);
	return false;
}

int pair_new(struct world *world, const struct pairing *pairing, struct pair **ret)
{
	const struct candidates_named named = { .name_hash =
							pairing->named ? pairing->name_hash : 0,
						.identity = pairing->identity };
	const struct netdev *standby = netdev_by_index(world->table, pairing->standby);
	const struct netdev *owner = netdev_by_index(world->table, pairing->owner);
	struct vfsteer_pair *slot;
	struct pair *pair;
	int found, error;
	bool adopted;

	if (!standby || !owner)
		return -ENODEV;
	found = slot_find(&world->pins, world->network_namespace, standby->ifindex, &adopted);
	if (found < 0)
		return -ENOSPC;
	if (adopted)
		adopted = pair_keep_slot(world, (unsigned)found, pairing);
	pair = calloc(1, sizeof(*pair));
	if (!pair)
		return -ENOMEM;
	pair->slot = found;
	pair->uplinks.programs = PORT_PROGRAMS_NONE;
	slot = pair_slot(world, pair);
	pair->standby = pairing->standby;
	pair->owner = pairing->owner;
	pair->kind = pairing->kind;
	pair->standby_incarnation = standby->incarnation;
	pair->named = pairing->named;
	pair->standby_had_carrier = standby->carrier;
	/*
	 * The kernel hands over frames of a net_failover primary itself, and the queues of its
	 * slaves are its own.
	 */
	pair->rx_direct = pairing->rx_direct && pair->kind == KIND_PLAIN;
	pair->frames.filter = pairing->announced;
	pair->path_requested = pairing->path_check;
	pair->qdisc.keep = pairing->qdisc == OPTIONS_QDISC_KEEP || pair->kind == KIND_NET_FAILOVER;
	error = align_new(&pair->align);
	if (!error && pair->kind == KIND_NET_FAILOVER)
		error = align_new(&pair->standby_align);
	if (error)
		goto fail;
	if (!adopted) {
		slot_take(&world->pins, found);
		slot->network_namespace = world->network_namespace;
		slot->standby_ifindex = standby->ifindex;
		slot->owner_ifindex = owner->ifindex;
		slot->kind = pair->kind;
		crash_point("pair-slot-taken");
		error = pins_clear_counters(&world->pins, found);
		if (error)
			goto fail;
	}
	error = own_macs_open(&world->pins, found, adopted, &pair->own_macs);
	if (error)
		goto fail;
	crash_point("pair-slot-about-to-be-named");
	slot_write_named(slot, &named);
	slot->contested_ifindex = 0;
	slot->egress_is_before = pairing->egress == OPTIONS_EGRESS_BEFORE;
	slot->announce = pairing->announced.what;
	slot->announce_exceptions = (uint16_t)announce_filter_count(&pairing->announced);
	slot_write_owner(slot, owner);
	slot_write_standby(slot, standby);
	crash_point("pair-slot-named");
	/* The first step announces a switchover that an earlier agent could not announce. */
	error = pair_collect(world, pair);
	if (error)
		goto fail;
	error = steer_new(&world->pins, found, world->watched, &pair->steer);
	crash_point("pair-programs-loaded");
	if (!error)
		error = steer_attach_owner(pair->steer);
	/*
	 * It was a pair already: its primary keeps its program, and pair_keep_place logs what is
	 * missing.
	 */
	if (error && (error != -EPROTONOSUPPORT || !adopted))
		goto fail;
	crash_point("pair-standby-attached");
	slot->removals_are_held = world->removals_held;
	slot->qdisc_is_kept = pair->qdisc.keep;
	pair->logged_switches = slot->announced_switches;
	pair->realign = pair->kind == KIND_NET_FAILOVER;
	if (adopted) {
		const struct netdev *primary = netdev_by_index(world->table, slot->primary_ifindex);

		pair->primary = slot->primary_ifindex;
		pair->primary_incarnation = primary ? primary->incarnation : 0;
		if (pair->kind == KIND_NET_FAILOVER)
			align_adopt(pair->standby_align, world->requests, standby, pair->kind);
		/* One that was removed and re-added is set up as new. */
		pair->adopted = primary && pair_is_as_left(world, pair->slot, primary);
		/*
		 * It failed without an agent, so how long it was active is unknown: it counts as
		 * not at all.
		 */
		if (pins_state(&world->pins, found).active == PATH_PRIMARY ||
		    pins_state(&world->pins, found).switches != slot->announced_switches)
			pair->active_since_ns = slot->last_switch_boot_ns;
		pair->leaving_settled_ns = slot->primary_leaving_boot_ns;
		/* The ports' programs come before the first look at the standby's. */
		pair->filtered = slot->xdp_mirror != XDP_MIRROR_NONE &&
				 slot->xdp_mirror != XDP_MIRROR_IGNORED;
	}
	pair_update_announcer(world, pair);
	if (error)
		pair_keep_place(world, pair);
	*ret = pair;
	return 0;
fail:
	if (!adopted) {
		steer_detach_owner(&world->pins, found);
		slot_clear(&world->pins, found);
	}
	pair_free(pair);
	return error;
}

static void pair_explain_place(const struct world *world, const struct pair *pair, int error,
			       char *ret, size_t size)
{
	const struct vfsteer_pair *slot = pair_slot(world, pair);
	struct hook_others others = { 0 };

	ret[0] = '\0';
	if (error == -EPROTONOSUPPORT) {
		snprintf(ret, size,
			 "an ingress qdisc is on it, which has no egress hook, so the primary is "
			 "not used: put clsact in its place: tc qdisc delete dev %s ingress; tc "
			 "qdisc add dev %s clsact",
			 slot->owner, slot->owner);
		return;
	}
	if (pair->kind == KIND_NET_FAILOVER)
		steer_get_redirect_others(&world->pins, pair->standby, &others);
	else if (pair->prepared)
		steer_get_primary_others(&world->pins, pair->primary, &others);
	if (others.first[0])
		snprintf(ret, size,
			 "%s: not used: %s runs before our program, and what it passes would be "
			 "lost: remove it, or move it behind",
			 pair->kind == KIND_NET_FAILOVER ? slot->standby : slot->primary,
			 others.first);
}

/* The primary is used all the same. */
static void pair_log_standby_place(const struct world *world, struct pair *pair)
{
	struct hook_others others;
	char unplaced[PLACED_WHY_SIZE] = "";

	steer_get_owner_others(&world->pins, pair->owner, &others);
	if (others.first[0])
		snprintf(unplaced, sizeof(unplaced),
			 "%s runs before our program on its ingress: groups that it passes may "
			 "come twice, and nothing of it reaches ports: remove it, or move it "
			 "behind",
			 others.first);
	pair->due |= placed_log(&pair->standby_placed, pair_slot(world, pair)->owner, unplaced,
				"its ingress program has its place again", pair_clock_ns());
}

void pair_keep_place(struct world *world, struct pair *pair)
{
	char unplaced[PLACED_WHY_SIZE];
	int error = steer_keep_place(pair->steer, pair->prepared ? pair->primary : 0);

	pair_log_standby_place(world, pair);
	pair_explain_place(world, pair, error, unplaced, sizeof(unplaced));
	pair->due |= placed_log(&pair->placed, pair_slot(world, pair)->owner, unplaced,
				"its programs have their places again", pair_clock_ns());
}

void pair_log_trouble(const char **logged, const struct netdev *owner, const struct netdev *device,
		      const char *trouble, int error)
{
	if (trouble == *logged)
		return;
	if (trouble)
		log_warning("%s: %s: %s%s%s", owner->name, device->name, trouble, error ? ": " : "",
			    error ? strerror(-error) : "");
	else
		log_info("%s: %s: recovered", owner->name, device->name);
	*logged = trouble;
}

void pair_free(struct pair *pair)
{
	if (!pair)
		return;
	steer_free(pair->steer);
	port_programs_close(&pair->uplinks.programs);
	align_free(pair->align);
	align_free(pair->standby_align);
	mac_list_free(&pair->own_macs);
	announcement_free(&pair->frames);
	spoken_free(&pair->spoken);
	bridges_free(&pair->bridges);
	free(pair);
}

bool pair_is_over(const struct world *world, const struct pair *pair)
{
	const struct netdev *standby = netdev_by_index(world->table, pair->standby);

	if (!standby || standby->incarnation != pair->standby_incarnation)
		return true;
	return pair->kind == KIND_NET_FAILOVER &&
	       (standby->master != pair->owner || !netdev_by_index(world->table, pair->owner));
}

void pair_doubt_primary(const struct world *world, struct pair *pair)
{
	const struct netdev *primary = netdev_by_index(world->table, pair->primary);

	if (pair->prepared && primary && !pair_is_as_left(world, pair->slot, primary))
		pair->primary_incarnation = 0;
}
