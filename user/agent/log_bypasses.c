/* SPDX-License-Identifier: GPL-2.0-only */
#include "agent/state.h"
#include "base/log.h"

#include <string.h>

static bool agent_has_logged(const struct bypass *logged, unsigned count,
			     const struct bypass *bypass)
{
	for (unsigned i = 0; i < count; i++)
		if (logged[i].kind == bypass->kind && !strcmp(logged[i].text, bypass->text))
			return true;
	return false;
}

static bool agent_has_kind(const struct bypass *list, unsigned count, enum bypass_kind kind)
{
	for (unsigned i = 0; i < count; i++)
		if (list[i].kind == kind)
			return true;
	return false;
}

static void agent_log_pair_bypasses(const struct agent *agent, const struct bypass_reader *reader,
				    struct pair *pair)
{
	const struct vfsteer_pair *slot = &agent->world.pins.pairs[pair->slot];
	struct bypass bypasses[BYPASS_KINDS];
	struct bypass_facts facts;
	unsigned count;

	bypass_read(reader, &agent->world.pins, pair->slot, agent->world.table, true, &facts);
	/* pair_keep_place logs these, if they stay. */
	facts.ingress_others = facts.standby_ingress_others = (struct hook_others){ 0 };
	count = bypass_judge(&facts, bypasses);
	for (unsigned i = 0; i < count; i++)
		if (!agent_has_logged(pair->bypasses, pair->bypass_count, &bypasses[i]))
			log_warning("%s: %s", slot->owner, bypasses[i].text);
	for (unsigned i = 0; facts.primary[0] && i < pair->bypass_count; i++)
		if (!agent_has_kind(bypasses, count, pair->bypasses[i].kind))
			log_info("%s: %s: no longer bypassed", slot->owner,
				 bypass_word(pair->bypasses[i].kind));
	/*
	 * While the primary is absent nothing is bypassed. What is bypassed when it returns is no
	 * change.
	 */
	if (!facts.primary[0])
		return;
	memcpy(pair->bypasses, bypasses, count * sizeof(*bypasses));
	pair->bypass_count = count;
}

/* Nothing reports that a program on tcx was detached. */
static bool agent_awaits_programs(const struct agent *agent)
{
	for (unsigned i = 0; i < agent->pair_count; i++) {
		const struct pair *pair = agent->pairs[i];

		if (pair->primary &&
		    (agent_has_kind(pair->bypasses, pair->bypass_count, BYPASS_EGRESS) ||
		     agent_has_kind(pair->bypasses, pair->bypass_count, BYPASS_EGRESS_BEHIND)))
			return true;
	}
	return false;
}

void agent_log_bypasses(struct agent *agent)
{
	struct bypass_reader *reader;

	if (!agent->bypasses_due || pair_clock_ns() < agent->bypasses_ns)
		return;
	if (bypass_reader_new(&reader))
		return;
	for (unsigned i = 0; i < agent->pair_count; i++)
		agent_log_pair_bypasses(agent, reader, agent->pairs[i]);
	bypass_reader_free(reader);
	agent->bypasses_due = agent_awaits_programs(agent);
	agent->bypasses_ns = pair_clock_ns() + (agent->bypasses_due ? AGENT_REALIGN_INTERVAL_NS
								    : AGENT_BYPASSES_INTERVAL_NS);
}
