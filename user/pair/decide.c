/* SPDX-License-Identifier: GPL-2.0-only */
#include "pair/decide.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "pair/pair_announce.h"

#include <linux/if.h>
#include <string.h>

#define PAIR_CAS_TRIES 16
/* Traffic stays on the standby meanwhile, and nothing is lost by it. */
#define PAIR_RECEIVE_SETTLE_NS 50000000ULL
/* link.h */
#define PAIR_OPER_UNKNOWN 0
#define PAIR_OPER_UP 6

/* A primary of the same MAC and MTU carries the pair's frames unchanged. */
static enum vfsteer_down_reason pair_mismatch(const struct pair *pair, const struct netdev *standby, const struct netdev *primary)
{
	if (!pair->named && memcmp(primary->mac, standby->mac, ETH_ALEN))
		return DOWN_OTHER_MAC;
	if (pair->mtu_refused || primary->mtu != standby->mtu)
		return DOWN_OTHER_MTU;
	return pair->placed.why[0] ? DOWN_HOOK : pair->unfit;
}

/* Whoever opens a device has its driver program all filters, too. */
static uint64_t pair_receives_ns(struct pair *pair, bool is_running, uint64_t now_ns)
{
	bool has_grown = align_has_grown(pair->align), vlans_have_grown = align_vlans_have_grown(pair->align);

	/* Somebody above has come. Where no watch program tells of receive lists nothing else does. */
	pair->readdress |= has_grown;
	if ((is_running && pair->was_closed) || has_grown || vlans_have_grown)
		pair->receives_ns = now_ns + PAIR_RECEIVE_SETTLE_NS;
	pair->was_closed = !is_running;
	return pair->receives_ns;
}

static struct policy_view pair_view(const struct world *world, struct pair *pair, struct vfsteer_state state)
{
	const struct netdev *standby = netdev_by_index(world->table, pair->standby);
	const struct netdev *primary = netdev_by_index(world->table, pair->primary);
	struct policy_view view = {
		.state = state,
		.operator_asked = pair->operator_asked,
		.removal_cancelled = pair->removal_cancelled,
		.now_ns = pair_clock_ns(),
		.leaving_since_ns = __atomic_load_n(&pair_slot(world, pair)->primary_leaving_boot_ns, __ATOMIC_RELAXED),
		.leaving_settled_ns = pair->leaving_settled_ns,
		.primary_exists = primary,
		.primary_prepared = pair->prepared,
	};
	uint64_t receives_ns;

	if (!primary || !standby)
		return view;
	view.standby_carrier = standby->carrier;
	view.mismatch = pair_mismatch(pair, standby, primary);
	view.primary_matches = view.mismatch == DOWN_NOT;
	view.primary_reach = pair->path.reach;
	view.primary_detached = pair_slot(world, pair)->primary_is_detached;
	view.primary_running = primary->flags & IFF_UP && !view.primary_detached;
	view.retry_ns = policy_retry_ns(state, pair_slot(world, pair)->primary_failures,
					pair_slot(world, pair)->last_switch_boot_ns);
	receives_ns = pair_receives_ns(pair, view.primary_running, view.now_ns);
	if (view.retry_ns < receives_ns)
		view.retry_ns = receives_ns;
	if (pair->qdisc.is_aside && view.retry_ns < pair->qdisc.due_ns)
		view.retry_ns = pair->qdisc.due_ns;
	view.primary_carrier = primary->carrier &&
			       (primary->operstate == PAIR_OPER_UP || primary->operstate == PAIR_OPER_UNKNOWN);
	if (!view.primary_running || !view.primary_carrier)
		pair->carrier_since_ns = 0;
	else if (!pair->carrier_since_ns)
		pair->carrier_since_ns = view.now_ns;
	view.carrier_since_ns = pair->carrier_since_ns;
	return view;
}

/*
 * Reads the primary anew. False: what the table says of it may be stale. It is not read while it is being torn down, since the request would wait
 * until that is over. While netlink messages are missing, one device's reading is not enough: the pair may have another primary by now.
 */
static bool pair_read_primary(struct world *world, struct pair *pair, struct vfsteer_state state)
{
	const struct netdev *standby, *primary;
	int error;

	if (!pair->primary || state.primary == PRIMARY_LEAVING)
		return false;
	error = netdev_refresh(world->table, pair->primary);
	standby = netdev_by_index(world->table, pair->standby);
	primary = netdev_by_index(world->table, pair->primary);
	if (standby && primary && !error != !pair->read_error) {
		if (error)
			log_warning("%s: %s: its state cannot be read: %s; it is not made active until that works again", standby->name,
				    primary->name, strerror(-error));
		else
			log_info("%s: %s: its state can be read again", standby->name, primary->name);
		pair->read_error = error;
	}
	return !error && netdev_is_current(world->table);
}

/*
 * Does what is known already move the traffic off the primary? Then it goes before the primary is read, which waits for RTNL for as long as anybody holds it:
 * a driver that hangs, or whoever is tearing the primary down. Another MAC or MTU is none of that: who changes it on both devices may be half-way.
 */
static bool pair_leaves_unread(const struct policy_view *view, const struct policy_decision *decision)
{
	return view->state.active == PATH_PRIMARY && decision->wanted.active == PATH_STANDBY &&
	       (view->primary_matches || !view->primary_exists);
}

uint64_t pair_decide(struct world *world, struct pair *pair)
{
	bool is_grouped = false;
	uint64_t wake_ns = 0;

	for (int i = 0; i < PAIR_CAS_TRIES; i++) {
		struct vfsteer_state state = pins_state(&world->pins, pair->slot);
		struct policy_decision decision;
		struct policy_view view;

		view = pair_view(world, pair, state);
		decision = policy_decide(&view, &world->limits);
		pair->left_unread = pair_leaves_unread(&view, &decision);
		/* First the word, then the device: what happens in between changes the word, and the swap fails. */
		if (!pair->left_unread) {
			bool is_read = pair_read_primary(world, pair, state);

			view = pair_view(world, pair, state);
			view.primary_is_read = is_read;
			decision = policy_decide(&view, &world->limits);
		}
		wake_ns = decision.wake_ns;
		pair_slot(world, pair)->down_reason = decision.down_reason;
		if (!memcmp(&decision.wanted, &state, sizeof(state)))
			break;
		/* A switch that was asked for, and one to the primary, can wait for the groups to be read. */
		if (decision.wanted.active != state.active && (!pair->left_unread || pair->operator_asked)) {
			pair_follow_groups(world, pair);
			is_grouped = true;
		}
		crash_point("pair-word-about-to-change");
		if (!pins_state_change(&world->pins, pair->slot, &state, decision.wanted))
			continue;
		crash_point("pair-word-changed");
		if (decision.wanted.primary != PRIMARY_LEAVING) {
			pair->removal_cancelled = false;
			pair->leaving_settled_ns = view.leaving_since_ns;
		}
		pair_announce_switch(world, pair);
		if (is_grouped)
			pair->regroup = false;
		pair_announce_late_groups(world, pair);
		if (pair->left_unread)
			break;
	}
	pair->operator_asked = false;
	return pair->left_unread ? pair_clock_ns() : wake_ns;
}
