/* SPDX-License-Identifier: GPL-2.0-only */
#include "pair.h"
#include "pair_announce.h"
#include "clock.h"
#include "crash_point.h"
#include "direct.h"
#include "guard.h"
#include "join.h"
#include "log.h"
#include "rtnetlink.h"
#include "silence.h"
#include "slot.h"
#include "words.h"

#include <errno.h>
#include <linux/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAIR_CAS_TRIES 16
#define PAIR_IPV6_MTU_MIN 1280
#define PAIR_RETRY_NS 1000000000ULL
#define PAIR_ASIDE_DRAIN_NS 20000000
/* Traffic stays on the standby meanwhile, and nothing is lost by it. */
#define PAIR_RECEIVE_SETTLE_NS 50000000ULL
/* link.h */
#define PAIR_OPER_UNKNOWN 0
#define PAIR_OPER_UP 6

uint64_t pair_clock_ns(void)
{
	return clock_now_ns(CLOCK_BOOTTIME);
}

static struct vfsteer_pair *pair_slot(const struct pair_world *world, const struct pair *pair)
{
	return &world->pins.pairs[pair->slot];
}

/* Has the primary been in this namespace ever since it was made ready? A move takes clsact and settings from a device;
 * tcx stays on it. */
static bool pair_is_as_left(const struct pair_world *world, const struct netdev *primary)
{
	return steer_has_primary(&world->pins, primary->ifindex) && silence_was_made(primary->name);
}

int pair_new(struct pair_world *world, const struct pairing *pairing, struct pair **ret)
{
	const struct candidates_named named = { .name_hash = pairing->named ? pairing->name_hash : 0, .identity = pairing->identity };
	const struct netdev *standby = netdev_by_index(world->table, pairing->standby);
	struct vfsteer_pair *slot;
	struct pair *pair;
	int found, error;
	bool adopted;

	if (!standby)
		return -ENODEV;
	found = slot_find(&world->pins, world->network_namespace, standby->ifindex, &adopted);
	if (found < 0)
		return -ENOSPC;
	pair = calloc(1, sizeof(*pair));
	if (!pair)
		return -ENOMEM;
	pair->slot = found;
	pair->uplinks.programs = PORT_PROGRAMS_NONE;
	slot = pair_slot(world, pair);
	pair->standby = pairing->standby;
	pair->standby_incarnation = standby->incarnation;
	pair->named = pairing->named;
	pair->standby_had_carrier = standby->carrier;
	pair->rx_direct = pairing->rx_direct;
	pair->qdisc.keep = pairing->qdisc == OPTIONS_QDISC_KEEP;
	error = align_new(&pair->align);
	if (error)
		goto fail;
	if (!adopted) {
		slot_take(&world->pins, found);
		slot->network_namespace = world->network_namespace;
		slot->standby_ifindex = standby->ifindex;
		crash_point("pair-slot-taken");
		error = pins_clear_counters(&world->pins, found);
		if (error)
			goto fail;
	}
	crash_point("pair-slot-about-to-be-named");
	slot_write_named(slot, &named);
	slot->contested_ifindex = 0;
	slot->egress_is_before = pairing->egress == OPTIONS_EGRESS_BEFORE;
	slot_write_standby(slot, standby);
	crash_point("pair-slot-named");
	/* A switch that an earlier agent did not live to announce is announced in the first step. */
	error = pair_collect(world, pair, standby);
	if (error)
		goto fail;
	error = steer_new(&world->pins, found, world->watched, &pair->steer);
	crash_point("pair-programs-loaded");
	if (!error)
		error = steer_attach_standby(pair->steer, standby->ifindex);
	/* It has been a pair already: whoever relies on its primary's program keeps it, and pair_keep_place says what is missing. */
	if (error && (error != -EPROTONOSUPPORT || !adopted))
		goto fail;
	crash_point("pair-standby-attached");
	slot->removals_are_held = world->removals_held;
	slot->qdisc_is_kept = pair->qdisc.keep;
	pair->told_switches = slot->announced_switches;
	if (adopted) {
		const struct netdev *primary = netdev_by_index(world->table, slot->primary_ifindex);

		pair->primary = slot->primary_ifindex;
		pair->primary_incarnation = primary ? primary->incarnation : 0;
		/* One that was away meanwhile is met as a new one. */
		pair->adopted = primary && pair_is_as_left(world, primary);
		/* How long it served, when it failed while no agent was there to see, is not known: not at all. */
		if (pins_state(&world->pins, found).active == PATH_PRIMARY ||
		    pins_state(&world->pins, found).switches != slot->announced_switches)
			pair->active_since_ns = slot->last_switch_boot_ns;
		pair->leaving_settled_ns = slot->primary_leaving_boot_ns;
		/* The ports' programs come before the first look at the standby's. */
		pair->filtered = slot->xdp_mirror != XDP_MIRROR_NONE && slot->xdp_mirror != XDP_MIRROR_IGNORED;
	}
	pair_brief_announcer(world, pair);
	if (error)
		pair_keep_place(world, pair);
	*ret = pair;
	return 0;
fail:
	if (!adopted) {
		steer_detach_standby(&world->pins, found, standby->ifindex);
		slot_clear(&world->pins, found);
	}
	pair_free(pair);
	return error;
}

static void pair_explain_place(const struct pair_world *world, const struct pair *pair, int error, char *ret, size_t size)
{
	const struct vfsteer_pair *slot = pair_slot(world, pair);
	struct hook_others others = { 0 };

	ret[0] = '\0';
	if (error == -EPROTONOSUPPORT) {
		snprintf(ret, size,
			 "an ingress qdisc is on it, which has no egress hook, so the primary is not used: put clsact in its place: tc qdisc delete dev %s ingress; tc qdisc add dev %s clsact",
			 slot->standby, slot->standby);
		return;
	}
	if (pair->prepared)
		steer_get_primary_others(&world->pins, pair->primary, &others);
	if (others.first[0])
		snprintf(ret, size,
			 "%s: not used: %s runs before our program, and what it passes would be lost: remove it, or move it behind",
			 slot->primary, others.first);
}

void pair_keep_place(struct pair_world *world, struct pair *pair)
{
	struct vfsteer_pair *slot = pair_slot(world, pair);
	char unplaced[sizeof(pair->unplaced)];
	int error = steer_keep_place(pair->steer, pair->standby, pair->prepared ? pair->primary : 0);

	pair_explain_place(world, pair, error, unplaced, sizeof(unplaced));
	if (!strcmp(unplaced, pair->unplaced))
		return;
	pair->due = true;
	if (unplaced[0])
		log_warning("%s: %s", slot->standby, unplaced);
	else
		log_info("%s: its programs have their places again", slot->standby);
	memcpy(pair->unplaced, unplaced, sizeof(unplaced));
}

void pair_free(struct pair *pair)
{
	if (!pair)
		return;
	steer_free(pair->steer);
	port_programs_close(&pair->uplinks.programs);
	align_free(pair->align);
	announcement_free(&pair->frames);
	free(pair);
}

/* Changes the word until it says what @change makes of it. */
static void pair_force(const struct pair_world *world, const struct pair *pair, enum vfsteer_primary_state primary,
		       enum vfsteer_cause cause)
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

/* One line per trouble, and one when it is over. */
static void pair_tell_trouble(struct pair *pair, const struct netdev *standby, const struct netdev *primary,
			      const char *trouble, int error)
{
	if (trouble == pair->trouble)
		return;
	if (trouble)
		log_warning("%s: %s: %s%s%s", standby->name, primary ? primary->name : "primary", trouble, error ? ": " : "",
			    error ? strerror(-error) : "");
	else
		log_info("%s: %s: is well again", standby->name, primary ? primary->name : "primary");
	pair->trouble = trouble;
}

/* Returns when to look again, 0: no need. */
static uint64_t pair_forgive_failures(const struct pair_world *world, const struct pair *pair)
{
	struct vfsteer_pair *slot = pair_slot(world, pair);
	uint64_t forgiven_ns = pair->active_since_ns + POLICY_FAIR_SERVICE_NS;

	if (!slot->primary_failures || pins_state(&world->pins, pair->slot).active != PATH_PRIMARY)
		return 0;
	if (pair_clock_ns() < forgiven_ns)
		return forgiven_ns;
	log_info("%s: %s has served well again after %u failures in a row", slot->standby, slot->primary,
		 slot->primary_failures);
	slot->primary_failures = 0;
	return 0;
}

/* What waits for the way it was on before: in the network, until that has heard of a switch, and in the primary's ring. */
static void pair_drain(void)
{
	const struct timespec drain = { .tv_nsec = PAIR_ASIDE_DRAIN_NS };

	nanosleep(&drain, NULL);
}

static void pair_tell_given_back(const struct vfsteer_pair *slot, const struct netdev *primary, int error)
{
	if (error)
		log_warning("%s: %s: not all that was set on it could be taken back: %s", slot->standby, primary->name, strerror(-error));
}

/* It is there and becomes somebody else's: its stack may speak again. */
static void pair_give_back_stack(struct pair_world *world, const struct pair *pair, const struct netdev *primary)
{
	const struct vfsteer_pair *slot = pair_slot(world, pair);

	if (slot->rx_direct)
		direct_disable(primary->name);
	pair_tell_given_back(slot, primary, silence_lift(world->requests, primary->name, primary->ifindex));
	crash_point("pair-stack-given-back");
}

/* Likewise: it receives what it received before. */
static void pair_give_back_lists(struct pair_world *world, struct pair *pair, const struct netdev *primary)
{
	if (!pair->prepared)
		align_adopt(pair->align, world->requests, primary);
	pair_tell_given_back(pair_slot(world, pair), primary, align_undo(pair->align, world->requests, world->table, primary));
	crash_point("pair-lists-given-back");
}

/* The primary is gone from this namespace, or is no longer the one to use (@is_left: then it is still there). */
static void pair_part(struct pair_world *world, struct pair *pair, bool is_left)
{
	const struct netdev *primary = is_left ? netdev_by_index(world->table, pair->primary) : NULL;
	struct vfsteer_pair *slot = pair_slot(world, pair);
	bool was_active = pins_state(&world->pins, pair->slot).active == PATH_PRIMARY;

	/* One that an earlier agent has given back is as it is meant to be: the program goes last. */
	if (primary && !pair->prepared && !steer_has_primary(&world->pins, primary->ifindex) && !silence_was_made(primary->name))
		primary = NULL;
	/* First: what it then says (MLD, DAD) draws the network's frames to it, as long as they are taken there. */
	if (primary)
		pair_give_back_stack(world, pair, primary);
	pair_force(world, pair, PRIMARY_ABSENT, primary ? CAUSE_OWNED : CAUSE_GONE);
	crash_point("pair-parting");
	pair_announce_switch(world, pair);
	if (primary && was_active)
		pair_drain();
	uplinks_part(world, pair, pair->primary);
	if (primary)
		pair_give_back_lists(world, pair, primary);
	pair_qdisc_part(world, pair);
	xdp_mirror_part(world, pair);
	steer_detach_primary(&world->pins, pair->slot, pair->primary);
	crash_point("pair-primary-detached");
	slot_write_primary(slot, NULL);
	crash_point("pair-primary-forgotten");
	pair->primary = 0;
	uplinks_update(world, pair);
	pair_brief_announcer(world, pair);
	pair->prepared = pair->adopted = pair->mtu_refused = pair->removal_cancelled = false;
	pair->carrier_since_ns = pair->active_since_ns = pair->receives_ns = 0;
	pair->was_closed = false;
	pair->unfit = DOWN_NOT;
	pair->read_error = 0;
	pair->guard = (struct guard){ 0 };
	slot->primary_is_detached = slot->rx_direct = slot->primary_failures = 0;
	slot->down_reason = DOWN_NOT;
}

void pair_remove(struct pair_world *world, struct pair *pair)
{
	if (pair->primary)
		pair_part(world, pair, false);
	announcer_clear(world->announcer, pair->slot);
	steer_detach_standby(&world->pins, pair->slot, pair->standby);
	crash_point("pair-standby-detached");
	slot_clear(&world->pins, pair->slot);
	crash_point("pair-slot-cleared");
	pair_free(pair);
}

void pair_step_aside(struct pair_world *world, struct pair *pair, enum vfsteer_cause cause)
{
	if (pins_state(&world->pins, pair->slot).active != PATH_PRIMARY || !pair_slot(world, pair)->standby_has_carrier)
		return;
	pair_force(world, pair, PRIMARY_JOINING, cause);
	pair_announce_switch(world, pair);
	pair_drain();
	pair->due = true;
}

/* A primary of the same MAC and MTU carries the pair's frames unchanged. */
static enum vfsteer_down_reason pair_mismatch(const struct pair *pair, const struct netdev *standby, const struct netdev *primary)
{
	if (!pair->named && memcmp(primary->mac, standby->mac, ETH_ALEN))
		return DOWN_OTHER_MAC;
	if (pair->mtu_refused || primary->mtu != standby->mtu)
		return DOWN_OTHER_MTU;
	return pair->unplaced[0] ? DOWN_HOOK : pair->unfit;
}

/* Whoever opens a device has its driver program all filters, too. */
static uint64_t pair_receives_ns(struct pair *pair, bool is_running, uint64_t now_ns)
{
	if ((is_running && pair->was_closed) || align_has_grown(pair->align))
		pair->receives_ns = now_ns + PAIR_RECEIVE_SETTLE_NS;
	pair->was_closed = !is_running;
	return pair->receives_ns;
}

static struct policy_view pair_view(const struct pair_world *world, struct pair *pair, struct vfsteer_state state)
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
static bool pair_read_primary(struct pair_world *world, struct pair *pair, struct vfsteer_state state)
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

/* Returns when to look again, 0: no need. At once after pair->left_unread: all else, which may wait for RTNL, waits until then. */
static uint64_t pair_decide(struct pair_world *world, struct pair *pair)
{
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
		crash_point("pair-word-about-to-change");
		if (!pins_state_change(&world->pins, pair->slot, &state, decision.wanted))
			continue;
		crash_point("pair-word-changed");
		if (decision.wanted.primary != PRIMARY_LEAVING) {
			pair->removal_cancelled = false;
			pair->leaving_settled_ns = view.leaving_since_ns;
		}
		pair_announce_switch(world, pair);
		if (pair->left_unread)
			break;
	}
	pair->operator_asked = false;
	return pair->left_unread ? pair_clock_ns() : wake_ns;
}

/* Is the primary, which is not to be one any more, the device that was made ready? */
static bool pair_is_left(const struct pair_world *world, const struct pair *pair, const struct pairing *pairing)
{
	const struct netdev *primary = netdev_by_index(world->table, pair->primary);

	return primary && pair->primary != pairing->primary && primary->incarnation == pair->primary_incarnation;
}

static void pair_realign(struct pair_world *world, struct pair *pair, const struct netdev *standby)
{
	const struct netdev *primary = netdev_by_index(world->table, pair->primary);
	const char *what = NULL;
	uint32_t mtu;
	int error;

	pair->realign = false;
	if (!primary)
		return;
	mtu = primary->mtu;
	/* Of no use, hence left alone, until its MAC is the pair's again. */
	if (!pair->named && memcmp(primary->mac, standby->mac, ETH_ALEN))
		return;
	/* Likewise, until it is set up again: a device that is down lacks the groups that are its own, which would be taken for ours. */
	if (pair_slot(world, pair)->primary_is_shut)
		return;
	error = align_primary(pair->align, world->requests, world->table, standby, primary, &what);
	crash_point("pair-aligned");
	pair->mtu_refused = error == -ERANGE;
	if (rtnetlink_may_pass(error)) {
		pair->realign = true;
		pair->retry_ns = pair_clock_ns() + PAIR_RETRY_NS;
	}
	/* IPv6 begins anew on a device whose MTU rises to 1280. */
	if (mtu < PAIR_IPV6_MTU_MIN && standby->mtu >= PAIR_IPV6_MTU_MIN)
		silence_primary(world->requests, primary->name, primary->ifindex);
	pair_tell_trouble(pair, standby, primary,
			  pair->mtu_refused ? "refuses the standby's MTU, so it is not used; lower the standby's MTU" : what,
			  pair->mtu_refused ? 0 : error);
	/* What was just changed is not in the table before its notification. */
	netdev_refresh(world->table, pair->primary);
}

bool pair_is_over(const struct pair_world *world, const struct pair *pair)
{
	const struct netdev *standby = netdev_by_index(world->table, pair->standby);

	return !standby || standby->incarnation != pair->standby_incarnation;
}

void pair_doubt_primary(const struct pair_world *world, struct pair *pair)
{
	const struct netdev *primary = netdev_by_index(world->table, pair->primary);

	if (pair->prepared && primary && !pair_is_as_left(world, primary))
		pair->primary_incarnation = 0;
}

/* Gone, replaced, or back from where it was: nothing of what was done to it holds any more. */
static bool pair_has_lost_primary(const struct pair_world *world, const struct pair *pair,
				  const struct pairing *pairing)
{
	const struct netdev *primary = netdev_by_index(world->table, pair->primary);

	return pair->primary &&
	       (pair->primary != pairing->primary || (primary && primary->incarnation != pair->primary_incarnation));
}

/* What a named primary is, from its first use on: see identity.h. */
static void pair_pin_primary(const struct pair_world *world, const struct pair *pair, const struct netdev *primary)
{
	struct candidates_named named = slot_read_named(pair_slot(world, pair));

	if (!pair->named || identity_is_pinned(&named.identity))
		return;
	named.identity = identity_of(primary);
	slot_write_named(pair_slot(world, pair), &named);
}

static void pair_meet(struct pair_world *world, struct pair *pair, const struct netdev *standby, int primary_ifindex)
{
	const struct netdev *primary;
	const char *what = "";
	int error;

	/* Of an earlier primary; an adopted one's that its word does not show, the agent before this one has dealt with. */
	if (pair->primary != primary_ifindex)
		pair->leaving_settled_ns = pair_slot(world, pair)->primary_leaving_boot_ns;
	pair->primary = primary_ifindex;
	pair_brief_announcer(world, pair);
	/* Joining silences its stack, which then takes nothing. */
	pair_slot(world, pair)->rx_direct = 0;
	primary = netdev_by_index(world->table, primary_ifindex);
	if (!primary)
		return;
	pair->primary_incarnation = primary->incarnation;
	if (pair->adopted)
		align_adopt(pair->align, world->requests, primary);
	pair->guard.due = true;
	guard_strip(world, pair, standby, primary);
	error = join_primary(world, pair, primary, &what);
	pair->prepared = !error;
	pair_qdisc_look(pair, 0);
	if (error) {
		pair_tell_trouble(pair, standby, primary, what, error);
		return;
	}
	pair->adopted = false;
	pair_pin_primary(world, pair, primary);
	pair_keep_place(world, pair);
	pair_realign(world, pair, netdev_by_index(world->table, pair->standby));
}

/* Keeps the primary as it was made, or gives it up to whoever insists. Not while it is being torn down: the requests would wait until that is over. */
static void pair_guard(struct pair_world *world, struct pair *pair)
{
	const struct netdev *standby = netdev_by_index(world->table, pair->standby);
	const struct netdev *primary = netdev_by_index(world->table, pair->primary);

	if (!pair->prepared || !standby || !primary || pins_state(&world->pins, pair->slot).primary == PRIMARY_LEAVING ||
	    guard_keep(world, pair, standby, primary))
		return;
	pair_slot(world, pair)->contested_ifindex = pair->primary;
	pair_part(world, pair, true);
	/* The next look at everything, which the device's changes bring about, leaves it out. */
	pair->pairing.primary = 0;
}

/* Whether rx = direct is safe may change at any time: forwarding and rp_filter are sysctls, which tell nobody. */
static uint64_t pair_receive_directly(struct pair_world *world, struct pair *pair)
{
	const struct netdev *standby = netdev_by_index(world->table, pair->standby);
	const struct netdev *primary = netdev_by_index(world->table, pair->primary);
	struct vfsteer_pair *slot = pair_slot(world, pair);
	const char *refusal;

	if (!standby || (!pair->rx_direct && !slot->rx_direct))
		return 0;
	refusal = pair->rx_direct ? direct_refusal(world->table, standby) : "it is not asked for";
	if (!refusal && uplinks_has_passthrough(&pair->uplinks))
		refusal = "a passthrough port owns the pair's MAC";
	if (!refusal && slot->xdp_mirror == XDP_MIRROR_STANDBY)
		refusal = "it would bypass the generic XDP program on the standby";
	if (pair->rx_direct && refusal != pair->direct_refusal) {
		if (refusal)
			log_warning("%s: rx = direct is refused: %s; receiving exactly", standby->name, refusal);
		pair->direct_refusal = refusal;
	}
	if (refusal && slot->rx_direct) {
		slot->rx_direct = 0;
		if (primary)
			direct_disable(primary->name);
	}
	if (!refusal && !slot->rx_direct && primary && pair->prepared) {
		int error = direct_enable(primary->name);

		crash_point("pair-direct-enabled");
		if (error)
			pair_tell_trouble(pair, standby, primary, "cannot receive directly", error);
		slot->rx_direct = !error;
	}
	return pair_clock_ns() + PAIR_RETRY_NS;
}

static uint64_t pair_earlier(uint64_t a_ns, uint64_t b_ns)
{
	return !a_ns || (b_ns && b_ns < a_ns) ? b_ns : a_ns;
}

/* Does the primary have the standby's XDP program? Links that put one there, or replace one, tell nobody, so it is looked at once a second. Returns
 * whether to decide anew. */
static bool pair_mirror_xdp(struct pair_world *world, struct pair *pair)
{
	const struct vfsteer_pair *slot = pair_slot(world, pair);
	bool was_shut = slot->primary_is_shut, has_changed;
	uint64_t now_ns = pair_clock_ns();
	const struct netdev *standby;

	if (!pair->prepared || pins_state(&world->pins, pair->slot).primary == PRIMARY_LEAVING)
		return false;
	if (pair->xdp_look_ns <= now_ns) {
		pair->xdp_look_ns = now_ns + PAIR_RETRY_NS;
		netdev_refresh(world->table, pair->standby);
	}
	has_changed = xdp_mirror_update(world, pair);
	standby = netdev_by_index(world->table, pair->standby);
	if (was_shut && !slot->primary_is_shut && standby)
		pair_realign(world, pair, standby);
	return has_changed;
}

/* Whatever follows from a change of the standby and takes requests: after the switch, which must not wait for them. Returns whether the
 * primary was aligned anew. */
static bool pair_follow_standby(struct pair_world *world, struct pair *pair)
{
	/* The table may have changed since it was looked up last. */
	const struct netdev *standby = netdev_by_index(world->table, pair->standby);

	if (!standby)
		return false;
	if (pair->readdress && !pair_collect(world, pair, standby)) {
		pair->readdress = false;
		pair_brief_announcer(world, pair);
	}
	if (pair->readdress)
		pair->retry_ns = pair_clock_ns() + PAIR_RETRY_NS;
	if (!pair->prepared || !pair->realign || pins_state(&world->pins, pair->slot).primary == PRIMARY_LEAVING)
		return false;
	pair_realign(world, pair, standby);
	return true;
}

uint64_t pair_step(struct pair_world *world, struct pair *pair, const struct pairing *pairing)
{
	const struct netdev *standby = netdev_by_index(world->table, pair->standby);
	uint64_t wake_ns = 0;
	bool carrier;

	pair_announce_switch(world, pair);
	if (!standby)
		return 0;
	pair->retry_ns = 0;
	carrier = standby->carrier;
	slot_write_standby(pair_slot(world, pair), standby);
	if (pair_has_lost_primary(world, pair, pairing))
		pair_part(world, pair, pair_is_left(world, pair, pairing));
	slot_follow_primary(pair_slot(world, pair), netdev_by_index(world->table, pair->primary));
	if (pairing->primary && !pair->prepared) {
		pair_meet(world, pair, standby, pairing->primary);
		wake_ns = pair->prepared ? 0 : pair_clock_ns() + PAIR_RETRY_NS;
	}
	if (pair->unplaced[0]) {
		pair_keep_place(world, pair);
		wake_ns = pair_earlier(wake_ns, pair->unplaced[0] ? pair_clock_ns() + PAIR_RETRY_NS : 0);
	}
	pair_guard(world, pair);
	wake_ns = pair_earlier(wake_ns, pair_qdisc_step(world, pair));
	wake_ns = pair_earlier(wake_ns, pair_decide(world, pair));
	if (pair->left_unread)
		return wake_ns;
	if (pair->readdress_ns && pair->readdress_ns <= pair_clock_ns()) {
		pair->readdress = true;
		pair->readdress_ns = 0;
	}
	wake_ns = pair_earlier(wake_ns, pair->readdress_ns);
	if (pair_mirror_xdp(world, pair))
		wake_ns = pair_earlier(wake_ns, pair_decide(world, pair));
	if (pair->prepared)
		wake_ns = pair_earlier(wake_ns, pair->xdp_look_ns);
	if (pair_follow_standby(world, pair))
		wake_ns = pair_earlier(wake_ns, pair_decide(world, pair));
	pair_follow_carrier(world, pair, carrier);
	wake_ns = pair_earlier(wake_ns, pair_receive_directly(world, pair));
	wake_ns = pair_earlier(wake_ns, pair_forgive_failures(world, pair));
	pair_announce_again(world, pair);
	wake_ns = pair_earlier(wake_ns, pair->retry_ns);
	return pair_earlier(wake_ns, pair->announcements_left ? pair->next_announcement_ns : 0);
}
