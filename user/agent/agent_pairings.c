/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which devices are pairs, by the configuration and the pins. A request keeps the devices of its
 * first use.
 */
#include "agent/state.h"
#include "base/log.h"
#include "maps/slot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AGENT_NAMES_INTERVAL_NS 500000000ULL /* see agent_find_names */

/*
 * The slot of request @number: its pair's, or the one an earlier agent left for its standby. NULL:
 * none.
 */
static const struct vfsteer_pair *agent_slot_of_request(const struct agent *agent, unsigned number,
							const struct netdev *standby)
{
	const struct pair *pair = agent_pair_of_standby(agent, agent->requested_standbys[number]);
	bool is_known;
	int slot;

	if (pair)
		return &agent->world.pins.pairs[pair->slot];
	if (!standby || !agent->pinned)
		return NULL;
	slot = slot_find(&agent->world.pins, agent->world.network_namespace, standby->ifindex,
			 &is_known);
	return slot >= 0 && is_known ? &agent->world.pins.pairs[slot] : NULL;
}

/*
 * The primary of the first use: from the slot, which outlives the agent, or from this agent, since
 * the slot is freed with the standby. A name that the configuration did not have then belongs to
 * another device, unless the device is the same.
 */
static void agent_recall_primary(struct agent *agent, unsigned number, const struct netdev *standby)
{
	const char *name = agent->options->pairs[number].primary;
	const struct vfsteer_pair *slot = agent_slot_of_request(agent, number, standby);
	struct identity *pinned = &agent->pinned_devices[number].primary, kept;
	const struct netdev *device;

	if (!slot || !name[0])
		return;
	kept = slot_read_named(slot).identity;
	device = netdev_by_name(agent->world.table, name);
	if (identity_is_pinned(&kept) &&
	    (slot->primary_name_hash == identity_hash_name(name) ||
	     (device && identity_matches(&kept, device, standby, true))))
		*pinned = kept;
}

/* Finds the standby by its own name, or its owner's. */
static const struct netdev *agent_find_standby(const struct agent *agent, const char *name)
{
	const struct netdev *named = netdev_by_name(agent->world.table, name), *standby;
	const struct netdev **devices;
	size_t count;

	if (!named)
		return NULL;
	devices = netdev_list(agent->world.table, &count);
	standby = devices ? pairing_standby_of(named, devices, count) : named;
	free(devices);
	return standby;
}

/*
 * The standby of request @number by its present name; NULL: there is none, or another device has
 * that name.
 */
static const struct netdev *agent_recall_standby(struct agent *agent, unsigned number)
{
	const char *name = agent->requested[number].standby;
	struct identity *pinned = &agent->pinned_devices[number].standby;
	const struct netdev *standby = agent_find_standby(agent, name);
	char text[IDENTITY_TEXT_SIZE];

	if (!standby)
		return NULL;
	/* The MAC of a software device in use may change. */
	if (agent_pair_of_standby(agent, standby->ifindex) &&
	    agent->requested_standbys[number] == standby->ifindex) {
		if (identity_is_by_mac(pinned))
			*pinned = identity_of(standby);
		return standby;
	}
	if (!identity_is_pinned(pinned) || identity_matches(pinned, standby, NULL, true))
		return standby;
	if (agent->told_strangers[number] != standby->ifindex) {
		identity_describe(pinned, text);
		log_warning("%s: not paired: another device has the name now: the standby was the "
			    "one with the %s; if this one is meant, restart vfsteer",
			    name, text);
	}
	agent->told_strangers[number] = standby->ifindex;
	return NULL;
}

/* A pair requested by name keeps its device when the device is renamed. */
static void agent_follow_names(struct agent *agent)
{
	for (unsigned i = 0; i < agent->options->pair_count; i++) {
		struct options_pair *wanted = &agent->requested[i];
		const struct netdev *standby =
			netdev_by_index(agent->world.table, agent->requested_standbys[i]);
		const struct pair *pair =
			agent_pair_of_standby(agent, agent->requested_standbys[i]);
		const struct netdev *primary =
			pair ? netdev_by_index(agent->world.table, pair->primary) : NULL;

		*wanted = agent->options->pairs[i];
		if (standby)
			snprintf(wanted->standby, sizeof(wanted->standby), "%s", standby->name);
		if (primary && wanted->primary[0])
			snprintf(wanted->primary, sizeof(wanted->primary), "%s", primary->name);
		standby = agent_recall_standby(agent, i);
		agent->requested_standbys[i] = standby ? standby->ifindex : 0;
		agent_recall_primary(agent, i, standby);
	}
}

/* Primaries in use, and those of an earlier agent's pairs that are not adopted yet. */
static void agent_list_current(const struct agent *agent, int *current)
{
	size_t count = 0;

	for (unsigned i = 0; i < agent->pair_count; i++)
		if (agent->pairs[i]->primary)
			current[count++] = agent->pairs[i]->primary;
	for (unsigned i = 0; agent->pinned && i < VFSTEER_MAX_PAIRS; i++) {
		const struct vfsteer_pair *slot = &agent->world.pins.pairs[i];

		if (slot->primary_ifindex &&
		    slot->network_namespace == agent->world.network_namespace &&
		    !agent_pair_of_slot(agent, i))
			current[count++] = slot->primary_ifindex;
	}
}

size_t agent_list_contested(const struct agent *agent, int contested[VFSTEER_MAX_PAIRS + 1])
{
	size_t count = 0;

	for (unsigned i = 0; i < agent->pair_count; i++) {
		struct vfsteer_pair *slot = &agent->world.pins.pairs[agent->pairs[i]->slot];

		if (slot->contested_ifindex &&
		    !netdev_by_index(agent->world.table, (int)slot->contested_ifindex))
			slot->contested_ifindex = 0;
		if (slot->contested_ifindex)
			contested[count++] = (int)slot->contested_ifindex;
	}
	contested[count] = 0;
	return count;
}

/* @wanted: the pair's section, empty if it has none. */
static struct announce_filter agent_announce_filter(const struct options *options,
						    const struct options_pair *wanted)
{
	static const enum vfsteer_announce whats[] = {
		[OPTIONS_ANNOUNCE_ALL] = ANNOUNCE_ALL,
		[OPTIONS_ANNOUNCE_MACS] = ANNOUNCE_MACS,
		[OPTIONS_ANNOUNCE_OFF] = ANNOUNCE_OFF,
	};

	return (struct announce_filter){
		.what = whats[wanted->announce
				      ?: options->settings.announce ?: OPTIONS_ANNOUNCE_ALL],
		.rules = options->announce_rules,
		.count = options->announce_rule_count,
		.pair = wanted->standby,
	};
}

/* The same for the path check. */
static struct path_requested agent_path_requested(const struct options *options,
						  const struct options_pair *wanted)
{
	enum options_path said = wanted->path_check ?: options->settings.path_check;

	return (struct path_requested){
		.is_off = said == OPTIONS_PATH_OFF,
		.rules = options->path_rules,
		.count = options->path_rule_count,
		.pair = said != OPTIONS_PATH_NAMED ? NULL
			: wanted->path_check	   ? wanted->standby
						   : "",
	};
}

size_t agent_find_pairings(struct agent *agent, struct pairing *pairings)
{
	int current[2 * VFSTEER_MAX_PAIRS + 1] = { 0 }, contested[VFSTEER_MAX_PAIRS + 1];
	struct candidates_view view = { .in_use = current, .contested = contested };
	size_t count;

	agent_list_current(agent, current);
	agent_list_contested(agent, contested);
	view.devices = netdev_list(agent->world.table, &view.count);
	view.addresses.list = netdev_addresses(agent->world.table, &view.addresses.count);
	if (!view.devices)
		return 0;
	agent_follow_names(agent);
	count = pairing_find(&view, agent->requested, agent->options->pair_count,
			     agent->pinned_devices, pairings, VFSTEER_MAX_PAIRS);
	free((void *)view.devices);
	for (size_t i = 0; i < count; i++) {
		const struct options_pair *wanted = &agent->options->pairs[pairings[i].request];

		pairings[i].rx_direct |= agent->options->settings.rx_direct;
		pairings[i].xdp_ignored |= agent->options->settings.xdp_ignored;
		if (pairings[i].egress == OPTIONS_EGRESS_UNSAID)
			pairings[i].egress = agent->options->settings.egress;
		if (pairings[i].qdisc == OPTIONS_QDISC_UNSAID)
			pairings[i].qdisc = agent->options->settings.qdisc;
		pairings[i].announced = agent_announce_filter(agent->options, wanted);
		pairings[i].path_check = agent_path_requested(agent->options, wanted);
		if (!pairings[i].named)
			continue;
		pairings[i].name_hash = identity_hash_name(wanted->primary);
		pairings[i].identity = agent->pinned_devices[pairings[i].request].primary;
	}
	return count;
}

struct pair *agent_pair_of_slot(const struct agent *agent, unsigned slot)
{
	for (unsigned i = 0; i < agent->pair_count; i++)
		if (agent->pairs[i]->slot == slot)
			return agent->pairs[i];
	return NULL;
}

struct pair *agent_pair_of_standby(const struct agent *agent, int ifindex)
{
	for (unsigned i = 0; i < agent->pair_count; i++)
		if (agent->pairs[i]->standby == ifindex)
			return agent->pairs[i];
	return NULL;
}

void agent_find_names(struct agent *agent)
{
	uint64_t now_ns = pair_clock_ns();
	bool is_due = now_ns >= agent->names_next_ns, is_waiting = false;

	for (unsigned i = 0; i < 2 * agent->options->pair_count && now_ns < agent->names_until_ns;
	     i++) {
		const struct options_pair *pair = &agent->options->pairs[i / 2];
		const char *name = i % 2 ? pair->primary : pair->standby;
		int known = i % 2 ? 0 : agent->requested_standbys[i / 2];

		if (!*name || known || netdev_by_name(agent->world.table, name))
			continue;
		is_waiting |= !is_due || netdev_refresh_name(agent->world.table, name) == -ENODEV;
	}
	if (is_due)
		agent->names_next_ns = now_ns + AGENT_NAMES_INTERVAL_NS;
	if (is_waiting)
		agent->retry_ns = agent->names_next_ns;
}
