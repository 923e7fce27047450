/* SPDX-License-Identifier: GPL-2.0-only */
#include "agent/state.h"
#include "base/log.h"
#include "maps/slot.h"
#include "policy/candidates.h"

#include <stdlib.h>

#define AGENT_CANDIDATES_MAX 8 /* of one pair, at the same time */

/* Devices come and go: an entry is forgotten only when there is no room for another. */
static bool agent_is_new(struct pair *pair, const struct candidate *other)
{
	unsigned known =
		pair->logged_count < PAIR_LOGGED_MAX ? pair->logged_count : PAIR_LOGGED_MAX;

	for (unsigned i = 0; i < known; i++) {
		if (pair->logged[i].ifindex != other->device->ifindex)
			continue;
		if (pair->logged[i].verdict == other->verdict)
			return false;
		pair->logged[i].verdict = other->verdict;
		return true;
	}
	pair->logged[pair->logged_count++ % PAIR_LOGGED_MAX] =
		(struct pair_logged){ other->device->ifindex, other->verdict };
	return true;
}

static void agent_log_candidates_of(const struct agent *agent, struct pair *pair,
				    const struct candidates_view *view)
{
	const struct netdev *standby = netdev_by_index(agent->world.table, pair->standby);
	const struct netdev *primary = netdev_by_index(agent->world.table, pair->primary);
	struct candidate others[AGENT_CANDIDATES_MAX];
	char text[CANDIDATES_TEXT_SIZE];
	const struct candidates_named named = slot_read_named(&agent->world.pins.pairs[pair->slot]);
	size_t count;

	if (!standby)
		return;
	count = candidates_others(view, standby, primary, &named, others, AGENT_CANDIDATES_MAX);
	for (size_t i = 0; i < count && i < AGENT_CANDIDATES_MAX; i++) {
		const struct netdev *device = others[i].device;

		/*
		 * Its type could not be read, for example during a rename: its next message has it.
		 */
		if (!device->kind[0] && !device->driver[0])
			continue;
		if (!agent_is_new(pair, &others[i]))
			continue;
		candidates_explain(view, &others[i], standby, primary, text);
		log_info("%s: not used: %s%s%s%s: %s", agent->world.pins.pairs[pair->slot].owner,
			 device->name, device->pci_address[0] ? " (" : "", device->pci_address,
			 device->pci_address[0] ? ")" : "", text);
	}
}

void agent_log_candidates(struct agent *agent)
{
	int paired[2 * VFSTEER_MAX_PAIRS + 1] = { 0 };
	int contested[VFSTEER_MAX_PAIRS + 1];
	struct candidates_view view = { .taken = paired, .contested = contested };
	unsigned paired_count = 0;

	view.devices = netdev_list(agent->world.table, &view.count);
	if (!view.devices)
		return;
	view.addresses.list = netdev_addresses(agent->world.table, &view.addresses.count);
	agent_list_contested(agent, contested);
	for (unsigned i = 0; i < agent->pair_count; i++) {
		paired[paired_count++] = agent->pairs[i]->standby;
		if (agent->pairs[i]->primary)
			paired[paired_count++] = agent->pairs[i]->primary;
	}
	for (unsigned i = 0; i < agent->pair_count; i++)
		agent_log_candidates_of(agent, agent->pairs[i], &view);
	free((void *)view.devices);
}
