/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/log.h"
#include "maps/slot.h"
#include "pair/aside.h"
#include "pair/decide.h"
#include "pair/guard.h"
#include "pair/join.h"
#include "pair/observe.h"
#include "pair/pair.h"
#include "pair/pair_announce.h"
#include "pair/pair_direct.h"
#include "pair/pair_drain.h"
#include "pair/pair_quiet.h"
#include "pair/pair_signal.h"
#include "pair/realign.h"
#include "pair/remove_primary.h"

#include <linux/if.h>

/* less than AGENT_REALIGN_INTERVAL_NS, so that it is due at each of these rounds */
#define PAIR_XDP_LOOK_NS 900000000ULL
/* A net_failover pair has no such round: the path check of an idle pair looks then. */
#define PAIR_PATH_IDLE_NS 1000000000ULL

/* Returns when to look again; 0: no need. */
static uint64_t pair_forgive_failures(const struct world *world, const struct pair *pair)
{
	struct vfsteer_pair *slot = pair_slot(world, pair);
	uint64_t forgiven_ns = pair->active_since_ns + POLICY_FAIR_SERVICE_NS;

	if (!slot->primary_failures || pins_state(&world->pins, pair->slot).active != PATH_PRIMARY)
		return 0;
	if (pair_clock_ns() < forgiven_ns)
		return forgiven_ns;
	log_info("%s: %s: failure count reset: active for 5 s after %u failures in a row",
		 slot->owner, slot->primary, slot->primary_failures);
	slot->primary_failures = 0;
	return 0;
}

/* Is the device that was prepared still there, though it is no longer to be the primary? */
static bool pair_is_left(const struct world *world, const struct pair *pair,
			 const struct pairing *pairing)
{
	const struct netdev *primary = netdev_by_index(world->table, pair->primary);

	return primary && pair->primary != pairing->primary &&
	       primary->incarnation == pair->primary_incarnation;
}

/* Gone, replaced, or removed and re-added: it has lost its settings. */
static bool pair_has_lost_primary(const struct world *world, const struct pair *pair,
				  const struct pairing *pairing)
{
	const struct netdev *primary = netdev_by_index(world->table, pair->primary);

	return pair->primary && (pair->primary != pairing->primary ||
				 (primary && primary->incarnation != pair->primary_incarnation));
}

/*
 * Keeps the primary as it was prepared, or gives it up to a program that insists. Not while it is
 * being removed: the requests would wait for the end of the removal.
 */
static void pair_guard(struct world *world, struct pair *pair)
{
	const struct netdev *owner = pair_owner(world, pair);
	const struct netdev *primary = netdev_by_index(world->table, pair->primary);

	if (!pair->prepared || !owner || !primary ||
	    pins_state(&world->pins, pair->slot).primary == PRIMARY_LEAVING ||
	    guard_keep(world, pair, owner, primary))
		return;
	pair_slot(world, pair)->contested_ifindex = pair->primary;
	pair_remove_primary(world, pair, true);
	/* The next reconciliation, which follows from the device's changes, leaves it out. */
	pair->pairing.primary = 0;
}

/*
 * Has the primary the standby's XDP program? Links attach and replace programs without a message,
 * so it is read once a second. Returns whether to decide again.
 */
static bool pair_mirror_xdp(struct world *world, struct pair *pair)
{
	const struct vfsteer_pair *slot = pair_slot(world, pair);
	bool was_shut = slot->primary_is_shut, has_changed;
	uint64_t now_ns = pair_clock_ns();

	if (!pair->prepared || pair->kind == KIND_NET_FAILOVER ||
	    pins_state(&world->pins, pair->slot).primary == PRIMARY_LEAVING)
		return false;
	if (pair->xdp_look_ns <= now_ns) {
		pair->xdp_look_ns = now_ns + PAIR_XDP_LOOK_NS;
		netdev_refresh(world->table, pair->standby);
	}
	has_changed = xdp_mirror_update(world, pair);
	if (was_shut && !slot->primary_is_shut)
		pair_realign(world, pair);
	return has_changed;
}

/* Performs what waited for the primary to drain, before the decision takes it back. */
static void pair_resume(struct world *world, struct pair *pair)
{
	if (!aside_is_awaited(pair) || !aside_is_over(pair) ||
	    pins_state(&world->pins, pair->slot).primary == PRIMARY_LEAVING)
		return;
	if (pair->uplinks.waits)
		pair_update_uplinks(world, pair);
	if (pair->mirror_waits)
		pair_mirror_xdp(world, pair);
}

/*
 * What follows from a change of the owner and needs requests: after the switchover, which must not
 * wait for them. Returns whether the primary was aligned.
 */
static bool pair_follow_owner(struct world *world, struct pair *pair)
{
	/* The table may have changed since the last look-up. */
	const struct netdev *owner = pair_owner(world, pair);

	if (!owner)
		return false;
	if (pair->readdress && !pair_collect(world, pair)) {
		pair->readdress = false;
		pair_update_announcer(world, pair);
	}
	if (pair->readdress)
		pair->retry_ns = pair_clock_ns() + PAIR_RETRY_NS;
	if (pair->realign)
		pair_realign_standby(world, pair);
	if (!pair->prepared || !pair->realign ||
	    pins_state(&world->pins, pair->slot).primary == PRIMARY_LEAVING)
		return false;
	pair_realign(world, pair);
	return true;
}

uint64_t pair_step(struct world *world, struct pair *pair, const struct pairing *pairing)
{
	const struct netdev *standby = netdev_by_index(world->table, pair->standby);
	const struct netdev *owner = pair_owner(world, pair);
	enum vfsteer_reach reach;
	uint64_t wake_ns = 0;
	bool carrier, is_quiet;

	pair_announce_switch(world, pair);
	pair_announce_late_groups(world, pair);
	if (!standby || !owner)
		return 0;
	pair->retry_ns = 0;
	carrier = standby->carrier;
	slot_write_owner(pair_slot(world, pair), owner);
	slot_write_standby(pair_slot(world, pair), standby);
	if (pair_has_lost_primary(world, pair, pairing))
		pair_remove_primary(world, pair, pair_is_left(world, pair, pairing));
	slot_follow_primary(pair_slot(world, pair), netdev_by_index(world->table, pair->primary));
	observe_note(world, pair, pair_clock_ns());
	if (carrier && !pair->standby_had_carrier)
		pins_expect_twins(&world->pins, pair->slot);
	if (pairing->primary && !pair->prepared) {
		pair_add_primary(world, pair, pair_owner(world, pair), pairing->primary);
		wake_ns = pair->prepared ? 0 : pair_clock_ns() + PAIR_RETRY_NS;
	}
	if (pair->placed.why[0] || pair->standby_placed.why[0]) {
		pair_keep_place(world, pair);
		if (pair->placed.why[0] || pair->standby_placed.why[0])
			wake_ns = pair_earlier(wake_ns, pair_clock_ns() + PAIR_RETRY_NS);
	}
	pair_guard(world, pair);
	pair_resume(world, pair);
	wake_ns = pair_earlier(wake_ns, pair_qdisc_step(world, pair));
	pair_path_follow(world, pair);
	pair_drain_expire(world, pair);
	reach = pair->path.reach;
	wake_ns = pair_earlier(wake_ns, pair_decide(world, pair));
	if (pair->left_unread)
		return wake_ns; /* now */
	wake_ns = pair_earlier(wake_ns, pair_path_step(world, pair));
	if (pair->path.reach != reach)
		wake_ns = pair_earlier(wake_ns, pair_decide(world, pair));
	if (pair->readdress_ns && pair->readdress_ns <= pair_clock_ns()) {
		pair->readdress = true;
		pair->readdress_ns = 0;
	}
	wake_ns = pair_earlier(wake_ns, pair->readdress_ns);
	if (pair_mirror_xdp(world, pair))
		wake_ns = pair_earlier(wake_ns, pair_decide(world, pair));
	/* If all pairs are stepped once a second anyway, a wake-up for each would be wasted. */
	if (pair->prepared && !world->polled)
		wake_ns = pair_earlier(wake_ns, pair->kind == KIND_PLAIN
							? pair->xdp_look_ns
							: pair_clock_ns() + PAIR_PATH_IDLE_NS);
	is_quiet = pair_quiet_look(world, pair);
	if (pair_follow_owner(world, pair))
		wake_ns = pair_earlier(wake_ns, pair_decide(world, pair));
	pair_follow_carrier(world, pair, carrier);
	wake_ns = pair_earlier(wake_ns, pair_receive_directly(world, pair));
	wake_ns = pair_earlier(wake_ns, pair_forgive_failures(world, pair));
	wake_ns = pair_earlier(wake_ns, pair_drain_step(world, pair));
	pair_signal(world, pair);
	pair_announce_again(world, pair);
	if (is_quiet)
		pair_quiet_announce(world, pair);
	wake_ns = pair_earlier(wake_ns, pair_quiet_wake_ns(world, pair));
	wake_ns = pair_earlier(wake_ns, pair->retry_ns);
	wake_ns = pair_earlier(wake_ns, aside_wake_ns(pair));
	return pair_earlier(wake_ns, pair->announcements_left ? pair->next_announcement_ns : 0);
}
