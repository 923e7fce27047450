/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/crash_point.h"
#include "base/log.h"
#include "maps/slot.h"
#include "netdev/rtnetlink.h"
#include "pair/decide.h"
#include "pair/direct.h"
#include "pair/guard.h"
#include "pair/join.h"
#include "pair/own_macs.h"
#include "pair/pair.h"
#include "pair/pair_announce.h"
#include "pair/pair_quiet.h"
#include "pair/remove_primary.h"
#include "pair/silence.h"

#include <errno.h>
#include <linux/if.h>
#include <string.h>

#define PAIR_IPV6_MTU_MIN 1280
#define PAIR_RETRY_NS 1000000000ULL
#define PAIR_XDP_LOOK_NS 900000000ULL /* less than AGENT_REALIGN_INTERVAL_NS: each of these rounds finds it due */

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
static uint64_t pair_forgive_failures(const struct world *world, const struct pair *pair)
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

/* Is the primary, which is not to be one any more, the device that was made ready? */
static bool pair_is_left(const struct world *world, const struct pair *pair, const struct pairing *pairing)
{
	const struct netdev *primary = netdev_by_index(world->table, pair->primary);

	return primary && pair->primary != pairing->primary && primary->incarnation == pair->primary_incarnation;
}

static void pair_realign(struct world *world, struct pair *pair)
{
	const struct netdev *standby = netdev_by_index(world->table, pair->standby);
	const struct netdev *primary = netdev_by_index(world->table, pair->primary);
	const char *what = NULL;
	uint32_t mtu;
	int error;

	pair->realign = false;
	if (!standby || !primary)
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
	if (!error) {
		error = own_macs_update(&world->pins, pair->slot, align_received(pair->align), standby->mac, &pair->own_macs);
		what = error ? "MACs above the standby, to recognise their echoes" : NULL;
	}
	pair->mtu_refused = error == -ERANGE;
	if (rtnetlink_may_pass(error)) {
		pair->realign = true;
		pair->retry_ns = pair_clock_ns() + PAIR_RETRY_NS;
	}
	/* At once, but other events have their turn first. */
	if (align_is_partial(pair->align)) {
		pair->realign = true;
		pair->retry_ns = pair_clock_ns();
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

/* Gone, replaced, or back from where it was: nothing of what was done to it holds any more. */
static bool pair_has_lost_primary(const struct world *world, const struct pair *pair,
				  const struct pairing *pairing)
{
	const struct netdev *primary = netdev_by_index(world->table, pair->primary);

	return pair->primary &&
	       (pair->primary != pairing->primary || (primary && primary->incarnation != pair->primary_incarnation));
}

/* What a named primary is, from its first use on: see identity.h. */
static void pair_pin_primary(const struct world *world, const struct pair *pair, const struct netdev *primary)
{
	struct candidates_named named = slot_read_named(pair_slot(world, pair));

	if (!pair->named || identity_is_pinned(&named.identity))
		return;
	named.identity = identity_of(primary);
	slot_write_named(pair_slot(world, pair), &named);
}

static void pair_meet(struct world *world, struct pair *pair, const struct netdev *standby, int primary_ifindex)
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
	/* Joining reads devices anew, which moves them in the table. */
	primary = netdev_by_index(world->table, primary_ifindex);
	if (primary)
		pair_pin_primary(world, pair, primary);
	pair_keep_place(world, pair);
	pair_realign(world, pair);
}

/* Keeps the primary as it was made, or gives it up to whoever insists. Not while it is being torn down: the requests would wait until that is over. */
static void pair_guard(struct world *world, struct pair *pair)
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
static uint64_t pair_receive_directly(struct world *world, struct pair *pair)
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

/* Does the primary have the standby's XDP program? Links that put one there, or replace one, tell nobody, so it is looked at once a second. Returns
 * whether to decide anew. */
static bool pair_mirror_xdp(struct world *world, struct pair *pair)
{
	const struct vfsteer_pair *slot = pair_slot(world, pair);
	bool was_shut = slot->primary_is_shut, has_changed;
	uint64_t now_ns = pair_clock_ns();

	if (!pair->prepared || pins_state(&world->pins, pair->slot).primary == PRIMARY_LEAVING)
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

/* Whatever follows from a change of the standby and takes requests: after the switch, which must not wait for them. Returns whether the
 * primary was aligned anew. */
static bool pair_follow_standby(struct world *world, struct pair *pair)
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
	pair_realign(world, pair);
	return true;
}

/* A wire that has carrier again may bring what the other one does, and later than that. */
static void pair_expect_twins(struct world *world, struct pair *pair, const struct netdev *standby)
{
	const struct netdev *primary = netdev_by_index(world->table, pair->primary);
	bool receives = primary && primary->flags & IFF_UP && primary->carrier;

	if ((receives && !pair->primary_received) || (standby->carrier && !pair->standby_had_carrier))
		pins_expect_twins(&world->pins, pair->slot);
	pair->primary_received = receives;
}

uint64_t pair_step(struct world *world, struct pair *pair, const struct pairing *pairing)
{
	const struct netdev *standby = netdev_by_index(world->table, pair->standby);
	enum vfsteer_reach reach;
	uint64_t wake_ns = 0;
	bool carrier, is_quiet;

	pair_announce_switch(world, pair);
	pair_announce_late_groups(world, pair);
	if (!standby)
		return 0;
	pair->retry_ns = 0;
	carrier = standby->carrier;
	slot_write_standby(pair_slot(world, pair), standby);
	if (pair_has_lost_primary(world, pair, pairing))
		pair_part(world, pair, pair_is_left(world, pair, pairing));
	slot_follow_primary(pair_slot(world, pair), netdev_by_index(world->table, pair->primary));
	pair_expect_twins(world, pair, standby);
	if (pairing->primary && !pair->prepared) {
		pair_meet(world, pair, standby, pairing->primary);
		wake_ns = pair->prepared ? 0 : pair_clock_ns() + PAIR_RETRY_NS;
	}
	if (pair->placed.why[0] || pair->standby_placed.why[0]) {
		pair_keep_place(world, pair);
		if (pair->placed.why[0] || pair->standby_placed.why[0])
			wake_ns = pair_earlier(wake_ns, pair_clock_ns() + PAIR_RETRY_NS);
	}
	pair_guard(world, pair);
	wake_ns = pair_earlier(wake_ns, pair_qdisc_step(world, pair));
	pair_path_follow(world, pair);
	reach = pair->path.reach;
	wake_ns = pair_earlier(wake_ns, pair_decide(world, pair));
	if (pair->left_unread)
		return wake_ns;
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
	/* Where all pairs are stepped once a second anyway, waking for each of them would be many looks more. */
	if (pair->prepared && !world->polled)
		wake_ns = pair_earlier(wake_ns, pair->xdp_look_ns);
	is_quiet = pair_quiet_look(world, pair);
	if (pair_follow_standby(world, pair))
		wake_ns = pair_earlier(wake_ns, pair_decide(world, pair));
	pair_follow_carrier(world, pair, carrier);
	wake_ns = pair_earlier(wake_ns, pair_receive_directly(world, pair));
	wake_ns = pair_earlier(wake_ns, pair_forgive_failures(world, pair));
	pair_announce_again(world, pair);
	if (is_quiet)
		pair_quiet_announce(world, pair);
	wake_ns = pair_earlier(wake_ns, pair_quiet_wake_ns(world, pair));
	wake_ns = pair_earlier(wake_ns, pair->retry_ns);
	return pair_earlier(wake_ns, pair->announcements_left ? pair->next_announcement_ns : 0);
}
