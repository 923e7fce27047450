/* SPDX-License-Identifier: GPL-2.0-only */
#include "agent/agent_switch.h"
#include "base/names.h"
#include "maps/slot_drain.h"
#include "pair/pair_drain.h"
#include "pair/switch.h"

#include <stdio.h>

static struct pair *find_pair(const struct agent *agent, const char *standby)
{
	int slot = pins_find(&agent->world.pins, standby);

	return slot < 0 ? NULL : agent_pair_of_slot(agent, slot);
}

static int answer_state(const struct agent *agent, const struct pair *pair, const char *standby,
			char *answer, size_t size)
{
	struct vfsteer_state state = pins_state(&agent->world.pins, pair->slot);

	snprintf(answer, size, "%s: active: %s, admin: %s", standby, words_path(state.active),
		 words_admin(state.admin));
	return 0;
}

int agent_switch(struct agent *agent, const struct request *request, char *answer, size_t size)
{
	const char *standby = request->standby;
	struct pair *pair = find_pair(agent, standby);
	struct vfsteer_state state;

	if (!pair) {
		snprintf(answer, size, "%s: no such pair", standby);
		return 1;
	}
	state = pins_state(&agent->world.pins, pair->slot);
	if (!policy_admits(state, request->requested)) {
		snprintf(answer, size,
			 "%s: the primary cannot carry traffic: it is %s; 'vfsteer switch %s auto' "
			 "uses it when it can",
			 standby, words_primary_state(state.primary), standby);
		return 1;
	}
	slot_drain_end(pair_slot(&agent->world, pair));
	switch_set_admin(&agent->world, pair, request->requested);
	pair->operator_asked = pair->due = true;
	agent_look(agent);
	return answer_state(agent, pair, standby, answer, size);
}

int agent_drain(struct agent *agent, const struct request *request, char *answer, size_t size)
{
	struct pair *pair = find_pair(agent, request->standby);

	if (!pair) {
		snprintf(answer, size, "%s: no such pair", request->standby);
		return 1;
	}
	if (pair_drain_begin(&agent->world, pair, request->drain_for_s)) {
		snprintf(answer, size, "%s: %s", request->standby, drain_explain(DRAIN_NO_CARRIER));
		return 1;
	}
	agent_look(agent);
	return answer_state(agent, pair, request->standby, answer, size);
}
