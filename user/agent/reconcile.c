/* SPDX-License-Identifier: GPL-2.0-only */
#include "agent/adoption.h"
#include "agent/agent_port.h"
#include "agent/agent_ports.h"
#include "agent/state.h"
#include "agent/unload.h"
#include "base/log.h"
#include "base/names.h"
#include "maps/slot.h"
#include "policy/protection.h"
#include "report/hints.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#define AGENT_RETRY_INTERVAL_NS 10000000000ULL /* for a pair that could not be set up */
/* Longer than the programs' pause after they reported an address: PORT_LEARN_EVENT_INTERVAL_NS. */
#define AGENT_READDRESS_DELAY_NS 150000000ULL

bool agent_take_event(struct agent *agent, const void *data, size_t size)
{
	struct vfsteer_event event;
	struct pair *pair;

	if (size < sizeof(event))
		return false;
	memcpy(&event, data, sizeof(event));
	pair = agent_pair_of_slot(agent, event.slot);
	if (pair)
		pair->due = true;
	if (pair && event.kind == EVENT_FILTERS)
		pair->realign = pair->readdress = true;
	if (pair && event.kind == EVENT_ADDRESSES) {
		pair->readdress = true;
		pair->readdress_ns = pair_clock_ns() + AGENT_READDRESS_DELAY_NS;
	}
	if (pair && event.kind == EVENT_PROGRAMS)
		pair->xdp_look_ns = 0;
	if (pair && event.kind == EVENT_UNPLUG_CANCELLED)
		pair->removal_cancelled = true;
	return event.kind == EVENT_PROGRAMS;
}

/* Keeps the identity of a removed pair's primary, for the next pair of that name. */
static void agent_keep_identity(struct agent *agent, const struct pair *pair)
{
	struct identity identity = slot_read_named(&agent->world.pins.pairs[pair->slot]).identity;

	for (unsigned i = 0; i < agent->options->pair_count && identity_is_pinned(&identity); i++)
		if (agent->requested_standbys[i] == pair->standby)
			agent->pinned_devices[i].primary = identity;
}

/* Removes pairs whose standby was unplugged or moved to another namespace, however briefly. */
static void agent_remove_pairs(struct agent *agent)
{
	for (unsigned i = 0; i < agent->pair_count;) {
		struct pair *pair = agent->pairs[i];

		if (!pair_is_over(&agent->world, pair)) {
			i++;
			continue;
		}
		log_info("%s: the standby is gone: the pair is removed",
			 agent->world.pins.pairs[pair->slot].owner);
		agent_ports_leave(agent, pair);
		agent_keep_identity(agent, pair);
		pair_remove(&agent->world, pair);
		agent->pairs[i] = agent->pairs[--agent->pair_count];
	}
}

/* Logged once, until the pair is set up or its standby is removed. */
static void agent_log_unhooked(struct agent *agent, const struct netdev *standby)
{
	unsigned free_place = VFSTEER_MAX_PAIRS;

	for (unsigned i = 0; i < VFSTEER_MAX_PAIRS; i++) {
		if (agent->unhooked[i] == standby->ifindex)
			return;
		if (!agent->unhooked[i] || !netdev_by_index(agent->world.table, agent->unhooked[i]))
			free_place = i;
	}
	if (free_place < VFSTEER_MAX_PAIRS)
		agent->unhooked[free_place] = standby->ifindex;
	log_error("%s: not paired: it has an ingress qdisc, which has no egress hook, and this "
		  "kernel has no tcx (Linux 6.6): put clsact in its place and its filters there: "
		  "tc qdisc delete dev %s ingress; tc qdisc add dev %s clsact",
		  standby->name, standby->name, standby->name);
}

static void agent_forget_unhooked(struct agent *agent, int standby)
{
	for (unsigned i = 0; i < VFSTEER_MAX_PAIRS; i++)
		if (agent->unhooked[i] == standby)
			agent->unhooked[i] = 0;
}

void agent_retry_unhooked(struct agent *agent)
{
	for (unsigned i = 0; i < VFSTEER_MAX_PAIRS && agent->retry_ns; i++)
		if (agent->unhooked[i])
			agent->retry_ns = pair_clock_ns();
}

static void agent_add_pair(struct agent *agent, const struct pairing *pairing)
{
	const struct netdev *standby = netdev_by_index(agent->world.table, pairing->standby);
	const struct netdev *owner = netdev_by_index(agent->world.table, pairing->owner);
	const char *missing;
	struct pair *pair;
	int error = pair_new(&agent->world, pairing, &pair);

	if (error == -ENOSPC) {
		/* The standby of an adopted slot may be removed before the pair is set up. */
		adoption_clear_dead_slots(&agent->world.pins, agent->world.network_namespace,
					  agent->world.table);
		error = pair_new(&agent->world, pairing, &pair);
	}
	if (error == -EPROTONOSUPPORT) {
		agent_log_unhooked(agent, owner);
		return;
	}
	if (error == -ENOSPC)
		log_error("%s: not paired: there are %d pairs already, and no more are possible",
			  owner->name, VFSTEER_MAX_PAIRS);
	else if (error)
		log_error("%s: not paired: its programs could not be loaded and attached: %s",
			  owner->name, strerror(-error));
	if (error)
		return;
	agent_forget_unhooked(agent, pairing->owner);
	agent->pairs[agent->pair_count++] = pair;
	missing = protection_missing_liveness(agent->world.pins.pairs[pair->slot].liveness);
	log_info("%s: steering by %s, the primary's liveness %s%s%s", owner->name,
		 steer_describe(&agent->world.pins, pairing->owner),
		 words_liveness(agent->world.pins.pairs[pair->slot].liveness), missing ? ": " : "",
		 missing ?: "");
	hints_log(&agent->world.pins.pairs[pair->slot], standby->carrier);
}

static void agent_step(struct agent *agent, struct pair *pair)
{
	const struct vfsteer_pair *slot = &agent->world.pins.pairs[pair->slot];
	enum vfsteer_xdp_mirror xdp_mirror = slot->xdp_mirror;
	const struct netdev *standby;
	int primary = pair->primary;

	pair->due = false;
	pair->wake_ns = pair_step(&agent->world, pair, &pair->pairing);
	/* Nothing reports AF_XDP sockets; most come with an XDP program. */
	standby = netdev_by_index(agent->world.table, pair->standby);
	if ((standby && standby->xdp_program) || xdp_mirror != slot->xdp_mirror ||
	    primary != pair->primary)
		agent->bypasses_due = true;
}

/* Work that waited for a pair to step aside is done by the pair's step. */
static void agent_finish_ports(struct agent *agent)
{
	agent_ports_end(agent);
	late_answers_send(agent, false);
}

/* At the earliest pair's time; never, if nothing is due. */
static void agent_set_timer(struct agent *agent)
{
	uint64_t wake_ns = agent->pair_count ? agent->groups_ns : 0;
	int error;

	if (agent->pair_count && !agent->lists_watched && agent->realign_ns < wake_ns)
		wake_ns = agent->realign_ns;

	for (unsigned i = 0; i < agent->pair_count; i++) {
		uint64_t pair_wake_ns = agent->pairs[i]->wake_ns;

		if (pair_wake_ns && (!wake_ns || pair_wake_ns < wake_ns))
			wake_ns = pair_wake_ns;
		pair_wake_ns = pair_path_look_ns(agent->pairs[i]);
		if (pair_wake_ns && (!wake_ns || pair_wake_ns < wake_ns))
			wake_ns = pair_wake_ns;
	}
	if (agent->bypasses_due && (!wake_ns || agent->bypasses_ns < wake_ns))
		wake_ns = agent->bypasses_ns ?: 1;
	if (agent->retry_ns && (!wake_ns || agent->retry_ns < wake_ns))
		wake_ns = agent->retry_ns;
	error = sd_event_source_set_time(agent->timer, wake_ns ? wake_ns / 1000 + 1 : UINT64_MAX);
	if (error >= 0)
		error = sd_event_source_set_enabled(agent->timer,
						    wake_ns ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
	if (error >= 0)
		return;
	log_error("run: timer: %s: ends, to be restarted; traffic continues", strerror(-error));
	sd_event_exit(agent->loop, error);
}

/* Ready: every pair has its programs on its standby. Its primary may be joining or absent. */
static void agent_report_readiness(struct agent *agent)
{
	if (agent->told && agent->told_pairs == agent->pair_count &&
	    agent->told_wanted_pairs == agent->wanted_pairs)
		return;
	agent->told = true;
	agent->told_pairs = agent->pair_count;
	agent->told_wanted_pairs = agent->wanted_pairs;
	sd_notifyf(0, "%sSTATUS=%u of %u pairs steered",
		   agent->pair_count == agent->wanted_pairs ? "READY=1\n" : "", agent->pair_count,
		   agent->wanted_pairs);
}

/* Do all pairs have the devices of the last full reconciliation? */
static bool agent_knows_devices(const struct agent *agent)
{
	for (unsigned i = 0; i < agent->pair_count; i++) {
		const struct pair *pair = agent->pairs[i];

		if (pair_is_over(&agent->world, pair) ||
		    (pair->primary && !netdev_by_index(agent->world.table, pair->primary)))
			return false;
	}
	return true;
}

void agent_look(struct agent *agent)
{
	uint64_t now_ns = pair_clock_ns();

	pair_forget_groups(&agent->world);
	if (!agent_knows_devices(agent) || (agent->retry_ns && agent->retry_ns <= now_ns)) {
		agent_reconcile(agent);
		return;
	}
	for (unsigned i = 0; i < agent->pair_count; i++) {
		struct pair *pair = agent->pairs[i];
		uint64_t look_ns = pair_path_look_ns(pair);

		pair->due |= look_ns && look_ns <= now_ns && pair_path_look(&agent->world, pair);
		if (pair->pairing.standby &&
		    (pair->due || (pair->wake_ns && pair->wake_ns <= now_ns)))
			agent_step(agent, pair);
	}
	agent_finish_ports(agent);
	agent_log_bypasses(agent);
	agent_set_timer(agent);
}

static void agent_pin_standby(struct agent *agent, const struct pair *pair)
{
	const struct netdev *standby = netdev_by_index(agent->world.table, pair->standby);

	if (standby && agent->options->pair_count)
		agent->pinned_devices[pair->pairing.request].standby = identity_of(standby);
}

static bool agent_is_paired(const struct pairing *pairings, size_t count, int standby)
{
	for (size_t i = 0; i < count; i++)
		if (pairings[i].standby == standby)
			return true;
	return false;
}

/*
 * Called once, after adoption, before any pair is set up: removes pairs of an earlier agent that
 * are not in this configuration. No agent would maintain them, and their primary may belong to
 * another pair now.
 */
static void agent_give_up_pairs(struct agent *agent, const struct pairing *pairings, size_t count)
{
	struct world *world = &agent->world;

	/* No pairings: the devices could not be listed, or do not exist yet. */
	if (agent->gave_up_pairs || !count)
		return;
	agent->gave_up_pairs = true;
	for (unsigned slot = 0; slot < pins_slots_used(&world->pins); slot++) {
		const struct vfsteer_pair *pair = &world->pins.pairs[slot];
		int error, primary = (int)pair->primary_ifindex;
		char owner[VFSTEER_NAME_SIZE];

		if (!pair->standby[0] || pair->network_namespace != world->network_namespace ||
		    agent_is_paired(pairings, count, (int)pair->standby_ifindex) ||
		    agent_pair_of_slot(agent, slot))
			continue;
		memcpy(owner, pair->owner, sizeof(owner));
		error = unload_pair(&world->pins, slot, world->table, world->requests,
				    world->announce_fd);
		/* It was set down, and may belong to another pair now. */
		if (primary)
			netdev_refresh(world->table, primary);
		if (error)
			log_warning("%s: not in this configuration, and not all of the pair could "
				    "be removed: %s",
				    owner, strerror(-error));
		else
			log_info("%s: not in this configuration: the pair is removed", owner);
	}
}

void agent_reconcile(struct agent *agent)
{
	static struct pairing pairings[VFSTEER_MAX_PAIRS];
	size_t count;

	pair_forget_groups(&agent->world);
	agent_remove_pairs(agent);
	agent->retry_ns = 0;
	agent_find_names(agent);
	count = agent_find_pairings(agent, pairings);
	agent->wanted_pairs = count;
	agent_give_up_pairs(agent, pairings, count);
	for (unsigned i = 0; i < agent->pair_count; i++) {
		agent->pairs[i]->pairing.standby = 0;
		agent->pairs[i]->wake_ns = 0;
	}
	for (size_t i = 0; i < count; i++) {
		struct pair *pair = agent_pair_of_standby(agent, pairings[i].standby);

		if (!pair) {
			agent_add_pair(agent, &pairings[i]);
			pair = agent_pair_of_standby(agent, pairings[i].standby);
		}
		if (!pair) {
			agent->retry_ns = pair_clock_ns() + AGENT_RETRY_INTERVAL_NS;
			continue;
		}
		pair->pairing = pairings[i];
		agent_pin_standby(agent, pair);
	}
	/* Before a new primary joins: it must be ready for the ports when it carries traffic. */
	agent_ports_reconcile(agent);
	for (unsigned i = 0; i < agent->pair_count; i++)
		if (agent->pairs[i]->pairing.standby)
			agent_step(agent, agent->pairs[i]);
	agent_finish_ports(agent);
	agent_log_bypasses(agent);
	agent_set_timer(agent);
	agent_report_readiness(agent);
	agent_log_candidates(agent);
}
