/* SPDX-License-Identifier: GPL-2.0-only */
#include "agent/agent_ports.h"
#include "agent/agent_switch.h"
#include "agent/state.h"
#include "base/kernel.h"
#include "base/log.h"
#include "control/control.h"
#include "control/request.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define AGENT_TIMER_ACCURACY_US 1000
/* Per wake-up, so that a client that asks without end does not block the loop. */
#define AGENT_REQUESTS_AT_ONCE 64
#define AGENT_NAMES_NS 10000000000ULL /* how long udev may take to name a device */

static void agent_keep_places(struct agent *agent)
{
	agent->bypasses_due = true;
	for (unsigned i = 0; i < agent->pair_count; i++)
		pair_keep_place(&agent->world, agent->pairs[i]);
	agent_ports_keep_places(agent);
	agent_retry_unhooked(agent);
}

/*
 * Marks the pairs whose devices changed state. False: a device of no pair changed, which may
 * concern any pair.
 */
static bool agent_note_changes(struct agent *agent)
{
	bool is_all = true;

	for (const struct netdev *device = netdev_next(agent->world.table, NULL); device;
	     device = netdev_next(agent->world.table, device)) {
		bool is_found = !device->changed;

		for (unsigned i = 0; i < agent->pair_count && !is_found; i++) {
			struct pair *pair = agent->pairs[i];

			is_found = pair->standby == device->ifindex ||
				   pair->primary == device->ifindex ||
				   pair->owner == device->ifindex;
			if (is_found)
				pair->due = pair->realign = pair->readdress = pair->guard.due =
					true;
		}
		is_all = is_all && is_found;
	}
	netdev_forget_changes(agent->world.table);
	return is_all;
}

/* Marks the pairs whose primary IPv6 reported: IPv6 may be enabled on it again. */
static void agent_note_ipv6(struct agent *agent)
{
	for (unsigned i = 0; i < agent->pair_count; i++) {
		struct pair *pair = agent->pairs[i];
		const struct netdev *primary = netdev_by_index(agent->world.table, pair->primary);

		if (primary && primary->ipv6_changed)
			pair->due = pair->guard.due = true;
	}
}

/* Marks the pairs whose root qdisc may have changed; after lost messages all. */
static void agent_note_qdiscs(struct agent *agent, bool all)
{
	for (unsigned i = 0; i < agent->pair_count; i++) {
		struct pair *pair = agent->pairs[i];
		const struct netdev *owner = netdev_by_index(agent->world.table, pair->owner);
		const struct netdev *primary = netdev_by_index(agent->world.table, pair->primary);

		if (all || (owner && owner->requeued) || (primary && primary->requeued))
			pair_qdisc_look(pair, PAIR_QDISC_SETTLE_NS);
	}
	netdev_forget_qdiscs(agent->world.table);
}

/*
 * Enabling or disabling tracing changes the protection of all pairs. Nothing reports it, so it is
 * read at each event.
 */
static void agent_note_tracing(struct agent *agent)
{
	if (agent->watch.silenced != kernel_runs_tracing())
		return;
	log_info("tracing was switched %s (sysctl kernel.ftrace_enabled)",
		 agent->watch.silenced ? "on" : "off");
	agent->tracing_changed = true;
	sd_event_exit(agent->loop, 0);
}

static int agent_take_netlink(struct agent *agent)
{
	int changes = netdev_dispatch(agent->world.table);

	if (changes < 0)
		return changes;
	if (changes & (NETDEV_LINKS | NETDEV_RESYNCED))
		agent->names_until_ns = pair_clock_ns() + AGENT_NAMES_NS;
	if (changes & NETDEV_IPV6)
		agent_note_ipv6(agent);
	if (changes & (NETDEV_STATE | NETDEV_IPV6) && !agent_note_changes(agent))
		changes |= NETDEV_LINKS;
	if (changes & (NETDEV_QDISCS | NETDEV_RESYNCED))
		agent_note_qdiscs(agent, changes & NETDEV_RESYNCED);
	for (unsigned i = 0; i < agent->pair_count; i++) {
		struct pair *pair = agent->pairs[i];

		if (changes & (NETDEV_LINKS | NETDEV_RESYNCED))
			pair->realign = true;
		if (changes & (NETDEV_LINKS | NETDEV_ADDRESSES | NETDEV_RESYNCED))
			pair->readdress = true;
		if (changes & NETDEV_RESYNCED) {
			pair->guard.due = true;
			pair_doubt_primary(&agent->world, pair);
		}
	}
	if (changes & (NETDEV_FILTERS | NETDEV_RESYNCED))
		agent_keep_places(agent);
	if (changes & (NETDEV_LINKS | NETDEV_ADDRESSES | NETDEV_RESYNCED))
		agent_reconcile(agent);
	else if (changes & (NETDEV_STATE | NETDEV_IPV6 | NETDEV_FILTERS | NETDEV_QDISCS))
		agent_look(agent);
	agent_note_tracing(agent);
	return 0;
}

int agent_on_event(void *argument, void *data, size_t size)
{
	struct agent *agent = argument;

	agent->programs_moved |= agent_take_event(agent, data, size);
	return 0;
}

/*
 * Nothing here waits for RTNL before all switchovers are announced: a removal of the primary may
 * hold it. The announcers wake when the ring has an event. Events that were taken out of the ring
 * are announced here.
 */
static int agent_take_watch(struct agent *agent)
{
	int error = ring_buffer__consume(agent->events);

	for (unsigned i = 0; i < agent->pair_count; i++)
		pair_announce_switch(&agent->world, agent->pairs[i]);
	if (agent->programs_moved)
		agent_keep_places(agent);
	agent->programs_moved = false;
	agent_look(agent);
	return error < 0 ? error : 0;
}

static int agent_take_features(struct agent *agent)
{
	int error = xdp_features_dispatch(agent->world.features);

	if (error)
		return error;
	agent_ports_refresh(agent);
	agent_look(agent);
	return 0;
}

/* See AGENT_GROUPS_INTERVAL_NS. The kernel's lists are read once for all pairs. */
static void agent_follow_groups(struct agent *agent)
{
	uint64_t began_ns = pair_clock_ns(), ended_ns, pause_ns;

	if (began_ns < agent->groups_ns)
		return;
	pair_forget_groups(&agent->world);
	for (unsigned i = 0; i < agent->pair_count; i++) {
		pair_follow_stations(&agent->world, agent->pairs[i]);
		pair_follow_groups(&agent->world, agent->pairs[i]);
	}
	ended_ns = pair_clock_ns();
	pause_ns = AGENT_GROUPS_PAUSES * (ended_ns - began_ns);
	agent->groups_ns =
		ended_ns +
		(pause_ns > AGENT_GROUPS_INTERVAL_NS ? pause_ns : AGENT_GROUPS_INTERVAL_NS);
}

static int agent_on_timer(sd_event_source *source, uint64_t time_us, void *argument)
{
	struct agent *agent = argument;

	(void)source, (void)time_us;
	agent_follow_groups(agent);
	if (agent->lists_watched || pair_clock_ns() < agent->realign_ns) {
		agent_look(agent);
		return 0;
	}
	agent->realign_ns = pair_clock_ns() + AGENT_REALIGN_INTERVAL_NS;
	for (unsigned i = 0; i < agent->pair_count; i++)
		agent->pairs[i]->realign = true;
	agent_keep_places(agent);
	agent_reconcile(agent);
	agent_note_tracing(agent);
	return 0;
}

static void agent_carry_out(struct agent *agent, const struct control_request *request)
{
	struct request asked = request_parse(request->text);
	char answer[CONTROL_SIZE];
	int status = 1;

	snprintf(answer, sizeof(answer), "the agent does not know this request");
	if (asked.kind == REQUEST_UNLOAD) {
		agent->unloading = true;
		status = 0;
		snprintf(answer, sizeof(answer), "unloading");
		sd_event_exit(agent->loop, 0);
	} else if (asked.kind == REQUEST_SWITCH) {
		status = agent_switch(agent, &asked, answer, sizeof(answer));
	} else if (asked.kind == REQUEST_DRAIN) {
		status = agent_drain(agent, &asked, answer, sizeof(answer));
	} else if (asked.kind == REQUEST_PORT_ADD) {
		late_answers_add(agent, request,
				 agent_ports_add(agent, &asked.port, answer, sizeof(answer)),
				 answer);
		return;
	} else if (asked.kind == REQUEST_PORT_DELETE) {
		late_answers_add(agent, request,
				 agent_ports_delete(agent, asked.port.name, answer, sizeof(answer)),
				 answer);
		return;
	}
	control_answer(agent->control_fd, request, status, answer);
}

static int agent_take_requests(struct agent *agent)
{
	for (unsigned i = 0; i < AGENT_REQUESTS_AT_ONCE; i++) {
		struct control_request request;
		int error = control_receive(agent->control_fd, &request);

		if (!error)
			agent_carry_out(agent, &request);
		else if (error == -EAGAIN)
			return 0;
		/* Not executed, and removed from the queue. */
		else if (error != -EACCES && error != -EMSGSIZE && error != -ECONNREFUSED)
			return error;
	}
	return 0;
}

int agent_open_loop(struct agent *agent)
{
	sigset_t signals;
	int error;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	error = sd_event_new(&agent->loop);
	if (error >= 0)
		error = sd_event_add_signal(agent->loop, NULL, SIGTERM, NULL, NULL);
	if (error >= 0)
		error = sd_event_add_signal(agent->loop, NULL, SIGINT, NULL, NULL);
	if (error >= 0)
		error = sd_event_add_time(agent->loop, &agent->timer, CLOCK_BOOTTIME, UINT64_MAX,
					  AGENT_TIMER_ACCURACY_US, agent_on_timer, agent);
	if (error >= 0)
		error = agent_source_open(&agent->sources[AGENT_NETLINK], agent, "devices",
					  netdev_fd(agent->world.table), agent_take_netlink);
	if (error >= 0)
		error = agent_source_open(&agent->sources[AGENT_WATCH], agent, "events",
					  ring_buffer__epoll_fd(agent->events), agent_take_watch);
	if (error >= 0 && agent->world.features)
		error = agent_source_open(&agent->sources[AGENT_FEATURES], agent, "XDP features",
					  xdp_features_fd(agent->world.features),
					  agent_take_features);
	if (error >= 0 && agent->control_fd >= 0)
		error = agent_source_open(&agent->sources[AGENT_CONTROL], agent, "control",
					  agent->control_fd, agent_take_requests);
	sd_event_set_watchdog(agent->loop, true);
	return error < 0 ? error : 0;
}

void agent_close_loop(struct agent *agent)
{
	for (unsigned i = 0; i < AGENT_SOURCES; i++)
		agent_source_close(&agent->sources[i]);
	sd_event_source_unref(agent->timer);
	sd_event_unref(agent->loop);
}
