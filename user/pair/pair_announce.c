/* SPDX-License-Identifier: GPL-2.0-only */
#include "pair/pair_announce.h"
#include "announce/addresses.h"
#include "announce/membership_queries.h"
#include "announce/membership_reports.h"
#include "base/log.h"
#include "base/names.h"
#include "port/port_addresses.h"
#include "report/hints.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

void pair_update_announcer(struct world *world, struct pair *pair)
{
	if (announcer_set(world->announcer, pair->slot, pair->standby, pair->primary,
			  &pair->frames))
		pair->readdress = true;
}

static int pair_collect_groups(struct world *world, struct pair *pair, const struct netdev *owner)
{
	int error = world->memberships.is_read ? 0 : memberships_read(&world->memberships);

	if (pair->frames.filter.what == ANNOUNCE_OFF) {
		announce_reports_free(&pair->frames.reports);
		return 0;
	}
	if (!error)
		error = membership_reports_collect(world->table, &world->memberships,
						   &pair->bridges, &world->bridged_groups, owner,
						   &pair->frames.reports);
	if (error && !world->groups_unreadable)
		log_warning("groups: %s: the multicast groups joined here cannot be read "
			    "(/proc/net): a switchover is announced with the earlier ones",
			    strerror(-error));
	else if (!error && world->groups_unreadable)
		log_info("groups: they can be read again");
	world->groups_unreadable = error;
	return error;
}

bool pair_follow_groups(struct world *world, struct pair *pair)
{
	const struct netdev *owner = pair_owner(world, pair);
	struct announce_reports before = pair->frames.reports;
	bool has_changed;

	if (!owner)
		return false;
	pair->frames.reports = (struct announce_reports){ 0 };
	if (pair_collect_groups(world, pair, owner)) {
		pair->frames.reports = before;
		return false;
	}
	has_changed = !announce_reports_are_equal(&before, &pair->frames.reports);
	announce_reports_free(&before);
	if (has_changed)
		pair_update_announcer(world, pair);
	return has_changed;
}

int pair_collect(struct world *world, struct pair *pair)
{
	const struct netdev *owner = pair_owner(world, pair);
	bool was_filtered = pair->frames.arp_is_filtered;
	int error = owner ? addresses_collect(world->table, world->requests, owner, &pair->bridges,
					      &world->bridged_groups, &pair->spoken, &pair->frames)
			  : -ENODEV;

	if (pair->frames.arp_is_filtered != was_filtered)
		log_info("%s: IPv4 addresses are %s", owner->name,
			 was_filtered ? "announced again: this guest filters ARP no longer"
				      : "not announced, only MACs: this guest filters ARP (nft or "
					"arptables)");
	if (!error)
		error = port_addresses_collect(world->table, &world->port_pins, pair->slot,
					       &pair->frames);
	for (unsigned slot = 0; slot < pins_slots_used(&world->pins); slot++) {
		const struct vfsteer_pair *other = &world->pins.pairs[slot];

		membership_queries_leave_out(&pair->frames.queries, (int)other->standby_ifindex);
		membership_queries_leave_out(&pair->frames.queries, (int)other->primary_ifindex);
	}
	/* A group that the announcement did not have yet: repeat it now. */
	if (!error && pair_follow_groups(world, pair) && pair->announcements_left)
		pair->next_announcement_ns = 0;
	return error;
}

void pair_follow_stations(struct world *world, struct pair *pair)
{
	if (!pair->frames.groups_version)
		return;
	bridged_groups_read(&world->bridged_groups, world->requests);
	if (pair->frames.groups_version != world->bridged_groups.version)
		pair->readdress = pair->due = true;
}

void pair_forget_groups(struct world *world)
{
	memberships_free(&world->memberships);
	world->bridged_groups.is_current = false;
}

static void pair_log_switch(const struct world *world, struct pair *pair,
			    struct vfsteer_state state, uint64_t announced_ns)
{
	const struct vfsteer_pair *slot = &world->pins.pairs[pair->slot];
	const char *primary = slot->primary[0] ? slot->primary : "(gone)";
	double since_ms = announced_ns > slot->last_switch_boot_ns
				  ? (announced_ns - slot->last_switch_boot_ns) / 1e6
				  : 0;

	log_info("%s: active %s -> %s: %s (switch %" PRIu32 ", announced %.1f ms after it)",
		 slot->owner, state.active == PATH_PRIMARY ? slot->standby : primary,
		 state.active == PATH_PRIMARY ? primary : slot->standby, words_cause(state.cause),
		 state.switches, since_ms);
}

/*
 * Notes how long the primary was active, when it becomes active and when it fails. A request of the
 * operator is no failure, nor is a switchover of our own.
 */
static void pair_judge_service(const struct world *world, struct pair *pair,
			       struct vfsteer_state state)
{
	struct vfsteer_pair *slot = &world->pins.pairs[pair->slot];
	uint64_t switched_ns = slot->last_switch_boot_ns;

	if (state.active == PATH_PRIMARY) {
		pair->active_since_ns = switched_ns;
	} else if (pair->active_since_ns && state.cause != CAUSE_OPERATOR &&
		   state.cause != CAUSE_XDP && state.cause != CAUSE_QDISC) {
		slot->primary_failures = policy_failures(slot->primary_failures,
							 switched_ns - pair->active_since_ns);
		pair->active_since_ns = 0;
	}
}

int pair_announce_list(const struct world *world, const struct pair *pair, enum vfsteer_path path,
		       const struct announcement *list)
{
	/* A standby without carrier cannot announce; it will when it has carrier. */
	if (path == PATH_STANDBY && !pair_slot(world, pair)->standby_has_carrier)
		return -ENOTCONN;
	return announce_send(world->announce_fd,
			     path == PATH_PRIMARY ? pair->primary : pair->standby, list);
}

static void pair_announce(struct world *world, struct pair *pair, enum vfsteer_path path)
{
	int sent = pair_announce_list(world, pair, path, &pair->frames);

	if (sent != -ENOTCONN)
		announcer_note(pair_slot(world, pair), &pair->frames, sent);
}

/* Announces it again, and asks its stations again. */
static void pair_repeat(struct world *world, struct pair *pair, enum vfsteer_path path)
{
	pair_announce(world, pair, path);
	announce_ask_all(world->announce_fd, &pair->frames.queries);
}

void pair_announce_switch(struct world *world, struct pair *pair)
{
	uint64_t announced_ns = announcer_announce(world->announcer, pair->slot);
	struct vfsteer_state state = pins_state(&world->pins, pair->slot);

	/* By this call, or by a thread of the announcer before. */
	if (state.switches == pair->logged_switches)
		return;
	pair->logged_switches = state.switches;
	pair->announcements_left = world->announce_count - 1;
	pair->next_announcement_ns = pair_clock_ns() + world->announce_interval_ns;
	pair_judge_service(world, pair, state);
	/* Nothing reports the MACs that a bridge learns: the repetitions include recent ones. */
	pair->readdress = pair->regroup = true;
	pair_log_switch(world, pair, state, announced_ns);
}

void pair_announce_late_groups(struct world *world, struct pair *pair)
{
	if (pair->regroup && pair_follow_groups(world, pair))
		pair_announce(world, pair, pins_state(&world->pins, pair->slot).active);
	pair->regroup = false;
	announcer_ask(world->announcer, pair->slot);
}

void pair_announce_again(struct world *world, struct pair *pair)
{
	if (!pair->announcements_left || pair_clock_ns() < pair->next_announcement_ns)
		return;
	pair_repeat(world, pair, pins_state(&world->pins, pair->slot).active);
	pair->announcements_left--;
	pair->next_announcement_ns = pair_clock_ns() + world->announce_interval_ns;
}

void pair_announce_anew(const struct world *world, struct pair *pair)
{
	pair->announcements_left = world->announce_count;
	pair->next_announcement_ns = 0;
	pair->readdress = pair->due = true;
}

void pair_follow_carrier(struct world *world, struct pair *pair, bool carrier)
{
	if (carrier && !pair->standby_had_carrier &&
	    pins_state(&world->pins, pair->slot).active == PATH_STANDBY) {
		pair_repeat(world, pair, PATH_STANDBY);
		pair->announcements_left = world->announce_count - 1;
		pair->next_announcement_ns = pair_clock_ns() + world->announce_interval_ns;
	}
	if (!carrier && pair->standby_had_carrier)
		hints_log(pair_slot(world, pair), false);
	pair->standby_had_carrier = carrier;
}
