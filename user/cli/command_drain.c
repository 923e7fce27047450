/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/clock.h"
#include "base/log.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/find_pair.h"
#include "control/control.h"
#include "datapath/drain_read.h"
#include "maps/pins.h"
#include "maps/slot_drain.h"
#include "policy/policy.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define DEFAULT_TIMEOUT_S 10
#define AGENT_LOOK_NS 200000000ULL /* whether it still runs */

struct waiting {
	const struct pins *pins;
	struct link_requests *requests;
	const char *bpffs;
	unsigned slot;
	bool has_agent; /* it says when the primary is drained */
	uint64_t agent_look_ns;
	struct drain drain;
	enum drain_obstacle obstacle;
};

/*
 * Without an agent the traffic is moved here: as `switch` does, not announced. Returns the exit
 * status.
 */
static int move_traffic(const struct pins *pins, unsigned slot, const char *standby)
{
	struct vfsteer_pair *pair = &pins->pairs[slot];
	struct vfsteer_state state = pins_state(pins, slot);

	if (state.primary != PRIMARY_ABSENT && !pair->standby_has_carrier) {
		log_error("drain: %s: %s", standby, drain_explain(DRAIN_NO_CARRIER));
		return 1;
	}
	slot_drain_begin(pair, state.admin, 0);
	while (!pins_state_change(pins, slot, &state, policy_switch(state, ADMIN_STANDBY)))
		;
	return 0;
}

/* Begins the drain. Returns the exit status. */
static int begin(const struct options *options, const char *standby, struct waiting *waiting)
{
	char request[CONTROL_SIZE], answer[CONTROL_SIZE];
	int status, error;

	snprintf(request, sizeof(request), "drain %s %u", standby, options->drain_for_s);
	error = control_ask(waiting->pins, request, 5000, &status, answer);
	waiting->has_agent = !error;
	if (!error && status)
		log_error("drain: %s", answer);
	if (!error)
		return status;
	if (pins_agent_runs(options->bpffs)) {
		log_error("drain: the agent does not answer: %s: look at its log, or start it "
			  "again",
			  strerror(-error));
		return 1;
	}
	if (options->drain_for_s) {
		log_error("drain: --for: no agent is running, which alone can end the drain: start "
			  "'vfsteer run', or leave --for out");
		return 1;
	}
	return move_traffic(waiting->pins, waiting->slot, standby);
}

/* An agent that ends leaves the rest to this command. */
static bool agent_runs(struct waiting *waiting, uint64_t now_ns)
{
	if (!waiting->has_agent || now_ns < waiting->agent_look_ns)
		return waiting->has_agent;
	waiting->agent_look_ns = now_ns + AGENT_LOOK_NS;
	waiting->has_agent = pins_agent_runs(waiting->bpffs);
	return waiting->has_agent;
}

/* Is it over? Then *ret_state says how: DRAIN_DONE, or DRAIN_NONE: another command ended it. */
static bool look(struct waiting *waiting, enum vfsteer_drain *ret_state)
{
	struct vfsteer_pair *pair = &waiting->pins->pairs[waiting->slot];
	uint64_t now_ns = clock_now_ns(CLOCK_BOOTTIME);
	struct drain_sample sample;

	/* With an agent, for the reason alone, if the time is not enough. */
	if (!drain_read(waiting->pins, waiting->slot, waiting->requests, &sample))
		waiting->obstacle = drain_look(&waiting->drain, &sample, now_ns);
	if (!agent_runs(waiting, now_ns) && waiting->obstacle == DRAIN_CLEAR)
		slot_drain_note(pair, DRAIN_DONE);
	*ret_state = slot_drain(pair);
	return *ret_state != DRAIN_WAITING;
}

/* Returns the exit status. */
static int wait_until_drained(struct waiting *waiting, const char *standby, unsigned timeout_s)
{
	const struct vfsteer_pair *pair = &waiting->pins->pairs[waiting->slot];
	const struct timespec pause = { .tv_nsec = DRAIN_LOOK_NS };
	uint64_t until_ns = clock_now_ns(CLOCK_BOOTTIME) + timeout_s * CLOCK_NS_PER_S;
	enum vfsteer_drain state;

	waiting->obstacle = DRAIN_SETTLES;
	while (!look(waiting, &state)) {
		if (clock_now_ns(CLOCK_BOOTTIME) >= until_ns) {
			log_error("drain: %s: not drained within %u s: %s; the traffic stays off "
				  "the primary until 'vfsteer switch %s auto'",
				  standby, timeout_s, drain_explain(waiting->obstacle), standby);
			return 1;
		}
		nanosleep(&pause, NULL);
	}
	if (state == DRAIN_NONE) {
		log_error("drain: %s: ended meanwhile, by 'vfsteer switch' or --for: call it again",
			  standby);
		return 1;
	}
	if (pair->primary[0] && pins_state(waiting->pins, waiting->slot).primary != PRIMARY_ABSENT)
		printf("%s: drained: nothing is in flight on %.15s%s\n", standby, pair->primary,
		       waiting->has_agent ? ""
					  : " (no agent is running: not announced to the network)");
	else
		printf("%s: drained: there is no primary\n", standby);
	return 0;
}

int command_drain(int argc, char **argv)
{
	static struct options options;
	struct named_pair pair;
	struct waiting waiting = { .pins = &pair.pins };
	int status = arguments_parse(argc, argv, OPTIONS_BPFFS | OPTIONS_DRAIN, 1, 1, &options);
	int error;

	if (!status)
		status = arguments_check_name(argv[0], options.operands[0]);
	if (!status)
		status = names_open_pair(argv[0], options.bpffs, options.operands[0], &pair);
	if (status)
		return status;
	waiting.bpffs = options.bpffs;
	waiting.slot = pair.slot;
	error = link_requests_new(&waiting.requests);
	if (error) {
		log_error("drain: netlink: %s: the queues cannot be read", strerror(-error));
		status = 1;
	} else {
		status = begin(&options, pair.owner, &waiting);
		if (!status)
			status = wait_until_drained(&waiting, pair.owner,
						    options.drain_timeout_s ?: DEFAULT_TIMEOUT_S);
		link_requests_free(waiting.requests);
	}
	pins_close(&pair.pins);
	return status ? status : commands_finish_output(argv[0], 0);
}
