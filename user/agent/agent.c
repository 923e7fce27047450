/* SPDX-License-Identifier: GPL-2.0-only */
#include "agent/agent.h"
#include "agent/adoption.h"
#include "agent/agent_check.h"
#include "agent/agent_ports.h"
#include "agent/privileges.h"
#include "agent/state.h"
#include "agent/unload.h"
#include "announce/announce.h"
#include "base/clock.h"
#include "base/crash_point.h"
#include "base/kernel.h"
#include "base/log.h"
#include "control/control.h"
#include "datapath/drops.h"
#include "datapath/xdp_broker.h"
#include "maps/pins_make.h"
#include "maps/slot.h"
#include "netdev/rtnetlink.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#define AGENT_NS_PER_MS 1000000ULL

/* Watch programs first: the method of the data path depends on them. */
static int agent_open_programs(struct agent *agent)
{
	int error = watch_attach(&agent->world.pins, agent->options->settings.hold_limit_ms,
				 &agent->watch);

	if (error) {
		log_error("watch: %s: the watch programs could not be loaded", strerror(-error));
		return error;
	}
	agent_log_watch(&agent->watch);
	drops_attach(&agent->world.pins); /* without it, drops are not counted */
	agent->lists_watched = !agent->watch.polled;
	agent->world.polled = !agent->lists_watched;
	agent->world.watched = agent->watch.complete;
	agent->world.removals_held = agent->watch.removals_held;
	agent->events = ring_buffer__new(agent->world.pins.events_fd, agent_on_event, agent, NULL);
	if (!agent->events) {
		error = -errno;
		log_error("events: %s: the ring buffer could not be opened", strerror(-error));
	}
	return error;
}

static int agent_open_sockets(struct agent *agent)
{
	int error = link_requests_new(&agent->world.requests);

	if (error) {
		log_error("netlink: %s", strerror(-error));
		return error;
	}
	agent->world.announce_fd = announce_open();
	if (agent->world.announce_fd < 0) {
		log_error("announce: %s: a packet socket is needed: run with CAP_NET_RAW",
			  strerror(-agent->world.announce_fd));
		return agent->world.announce_fd;
	}
	error = path_answers_open(&agent->world.answers);
	if (error) {
		log_error("path_check: %s: its packet socket could not be opened",
			  strerror(-error));
		return error;
	}
	if (!agent->options->settings.host_signal_off)
		error = host_signals_new(&agent->world.pins, &agent->world.signals);
	if (error) {
		log_error("host_signal: %s: its sockets and timer could not be opened",
			  strerror(-error));
		return error;
	}
	error = announcer_new(&agent->world.pins, agent->world.signals, &agent->world.announcer);
	if (error) {
		log_error("announce: %s: its threads could not be created", strerror(-error));
		return error;
	}
	agent->control_fd = control_listen(&agent->world.pins);
	crash_point("agent-control-opened");
	if (agent->control_fd < 0)
		log_warning("control: %s: 'vfsteer switch' will change the pins without this "
			    "agent, ignoring",
			    strerror(-agent->control_fd));
	return 0;
}

/*
 * Keeps a link if its device exists and has the role in a pair that the link's name says; "standby"
 * also means the owner.
 */
static bool agent_keep_link(const struct agent *agent, const char *name, bool of_primary)
{
	const struct pins *pins = &agent->world.pins;
	unsigned ifindex = (unsigned)pins_link_ifindex(name);

	for (unsigned i = 0; i < VFSTEER_MAX_PAIRS; i++)
		if (pins->pairs[i].standby[0] &&
		    (of_primary ? ifindex == pins->pairs[i].primary_ifindex
				: ifindex == pins->pairs[i].standby_ifindex ||
					  ifindex == pins->pairs[i].owner_ifindex))
			return netdev_by_index(agent->world.table, ifindex);
	return false;
}

static bool agent_keep_primary_link(const char *rest, void *argument)
{
	return agent_keep_link(argument, rest, true);
}

static bool agent_keep_standby_link(const char *rest, void *argument)
{
	return agent_keep_link(argument, rest, false);
}

static void agent_log_repair(const struct vfsteer_pair *slot, const char *field, unsigned value)
{
	log_warning("%s: pinned with %s = %u, which this version does not know: ignoring it",
		    slot->standby, field, value);
}

/* Repairs the pins before they are used. Returns 0 or -errno, logged. */
static int agent_adopt(struct agent *agent)
{
	struct pins *pins = &agent->world.pins;
	int foreign;

	slot_repair(pins, agent_log_repair);
	foreign = slot_find_foreign(pins, agent->world.network_namespace);
	if (foreign >= 0) {
		log_error(
			"run: %s: created in another network namespace (%u), for %s: run there, or "
			"name another place with --bpffs, or remove them with 'vfsteer unload'",
			pins->directory, pins->pairs[foreign].network_namespace,
			pins->pairs[foreign].owner);
		return -EBUSY;
	}
	adoption_clear_dead_slots(pins, agent->world.network_namespace, agent->world.table);
	log_info("%s: adopted, with %u stale links removed", pins->directory,
		 pins_sweep_links(pins, "primary-", agent_keep_primary_link, agent) +
			 pins_sweep_links(pins, "redirect-", agent_keep_standby_link, agent) +
			 pins_sweep_links(pins, "standby-", agent_keep_standby_link, agent));
	return 0;
}

static int agent_unload(struct agent *agent)
{
	int error;

	control_close(&agent->world.pins, agent->control_fd);
	agent->control_fd = -1;
	agent->pinned = false;
	host_signals_end(agent->world.signals, HOST_SIGNAL_UNLOADED);
	announcer_free(agent->world.announcer);
	agent->world.announcer = NULL;
	error = unload_everything(&agent->world.pins, agent->world.table, agent->world.requests,
				  agent->world.announce_fd);
	if (error)
		log_error("unload: %s: not everything could be removed", strerror(-error));
	return error;
}

static void agent_close(struct agent *agent)
{
	late_answers_send(agent, true);
	for (unsigned i = 0; i < agent->pair_count; i++)
		pair_free(agent->pairs[i]);
	agent_ports_close(agent);
	agent_close_loop(agent);
	ring_buffer__free(agent->events);
	/* After an unload the slots are gone, and the last signals are sent. */
	if (agent->pinned)
		host_signals_end(agent->world.signals, 0);
	announcer_free(agent->world.announcer);
	host_signals_free(agent->world.signals);
	if (agent->pinned) {
		control_close(&agent->world.pins, agent->control_fd);
		pins_close(&agent->world.pins);
	}
	if (agent->world.announce_fd >= 0)
		close(agent->world.announce_fd);
	path_answers_close(&agent->world.answers);
	pair_forget_groups(&agent->world);
	bridged_groups_free(&agent->world.bridged_groups);
	link_requests_free(agent->world.requests);
	netdev_table_free(agent->world.table);
}

/*
 * Everything from the pins to the first reconciliation of each pair. Returns 0 or -errno, logged.
 */
static int agent_open(struct agent *agent)
{
	char message[512];
	bool adopted;
	int error;

	if (pins_make(agent->options->bpffs, &agent->world.pins, &adopted, message,
		      sizeof(message)) != PINS_OK) {
		log_error("run: %s", message);
		return -EBUSY;
	}
	agent->pinned = true;
	error = adopted ? agent_adopt(agent) : 0;
	if (error)
		return error;
	crash_point("agent-pins-opened");
	error = agent_open_programs(agent);
	crash_point("agent-watch-opened");
	if (!error)
		error = agent_open_sockets(agent);
	if (!error)
		error = agent_ports_open(agent);
	crash_point("agent-ports-opened");
	if (error)
		return error;
	error = agent_open_loop(agent);
	if (error)
		log_error("run: event loop: %s", strerror(-error));
	return error;
}

/*
 * Adoption needs the table. A failure is retried as long as for a source of events; then the agent
 * ends, and its service manager restarts it. Returns 0 or -errno, logged.
 */
static int agent_open_table(struct agent *agent)
{
	const struct timespec pause = { .tv_nsec = AGENT_SOURCE_DELAY_MIN_NS };
	uint64_t until_ns = clock_now_ns(CLOCK_MONOTONIC) + AGENT_SOURCE_LIMIT_NS;
	bool is_told = false;
	int error;

	while ((error = netdev_table_new(&agent->world.table, 0)) && rtnetlink_may_pass(error) &&
	       clock_now_ns(CLOCK_MONOTONIC) < until_ns) {
		if (!is_told)
			log_warning(
				"run: netlink: %s: the devices cannot be read yet, trying again",
				strerror(-error));
		is_told = true;
		nanosleep(&pause, NULL);
	}
	if (error)
		log_error("run: netlink: %s: the devices cannot be read", strerror(-error));
	return error;
}

#define AGENT_ANEW 1

/* Runs with one choice of programs. Returns 0, -errno, or AGENT_ANEW: call it again. */
static int agent_live(const struct options *options, uint32_t network_namespace)
{
	const struct options_settings *settings = &options->settings;
	struct agent agent = {
		.options = options,
		.control_fd = -1,
		.bypasses_due = true,
		.world = {
			.ports = agent.ports,
			.announce_fd = -1,
			.answers = { .arp_fd = -1, .nd_fd = -1 },
			.network_namespace = network_namespace,
			.limits.up_delay_ns = settings->up_delay_ms * AGENT_NS_PER_MS,
			.limits.leaving_timeout_ns = settings->leaving_timeout_ms * AGENT_NS_PER_MS,
			.announce_count = settings->announce_count,
			.announce_interval_ns = settings->announce_interval_ms * AGENT_NS_PER_MS,
			.announce_again_ns = settings->announce_again_s * 1000 * AGENT_NS_PER_MS,
		},
	};
	int error = agent_open_table(&agent);

	if (error)
		return error;
	error = agent_check_pairs(agent.world.table, options);
	if (!error)
		error = agent_open(&agent);
	if (error)
		goto out;
	agent.realign_ns = pair_clock_ns() + AGENT_REALIGN_INTERVAL_NS;
	agent.groups_ns = pair_clock_ns() + AGENT_GROUPS_INTERVAL_NS;
	agent_reconcile(&agent);
	if (!agent.pair_count)
		log_info("no pair yet: waiting for a virtio-net device");
	error = sd_event_loop(agent.loop);
	if (!error && agent.tracing_changed && !agent.unloading) {
		error = AGENT_ANEW; /* the next run adopts the pins, as after a restart */
	} else if (!error && agent.unloading) {
		sd_notify(0, "STOPPING=1");
		error = agent_unload(&agent);
		if (!error)
			log_info("unloaded: the guest is plain again");
	} else if (!error) {
		sd_notify(0, "STOPPING=1");
		log_info("ends; the programs pinned under %s stay ('vfsteer unload' removes them)",
			 agent.world.pins.directory);
	}
out:
	agent_close(&agent);
	return error;
}

int agent_run(const struct options *options)
{
	struct stat namespace;
	int error;

	xdp_broker_start();
	if (privileges_drop() || agent_check_kernel())
		return EXIT_FAILURE;
	if (stat("/proc/self/ns/net", &namespace)) {
		log_error("run: /proc/self/ns/net: %s: mount /proc", strerror(errno));
		return EXIT_FAILURE;
	}
	/* The reader of the log may be closed. */
	signal(SIGPIPE, SIG_IGN);
	do
		error = agent_live(options, namespace.st_ino);
	while (error == AGENT_ANEW);
	xdp_broker_stop();
	return error ? EXIT_FAILURE : EXIT_SUCCESS;
}
