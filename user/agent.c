/* SPDX-License-Identifier: GPL-2.0-only */
#include "agent.h"
#include "agent_check.h"
#include "announce.h"
#include "control.h"
#include "log.h"
#include "pair.h"
#include "pins_make.h"
#include "unload.h"
#include "watch.h"
#include "words.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#define AGENT_LEAVING_TIMEOUT_NS 15000000000ULL /* the attention button's 5 s, and a slow removal */
#define AGENT_ANNOUNCE_COUNT 3
#define AGENT_ANNOUNCE_INTERVAL_NS 100000000ULL
#define AGENT_REALIGN_INTERVAL_NS 1000000000ULL /* where no watch program tells of address lists */
#define AGENT_TIMER_ACCURACY_US 1000

struct agent {
	const struct options *options;
	struct options_pair requested[VFSTEER_MAX_PAIRS]; /* as in options; names follow a device that is renamed */
	int requested_standbys[VFSTEER_MAX_PAIRS];        /* ifindexes they were found to be */
	struct pair_world world;
	struct watch_result watch;
	bool filters_watched; /* changes of address lists are told by a watch program */
	unsigned pair_count;
	struct pair *pairs[VFSTEER_MAX_PAIRS];
	struct ring_buffer *events;
	int control_fd;
	sd_event *loop;
	sd_event_source *timer;
	bool unloading;
};

static struct pair *agent_pair_of_slot(const struct agent *agent, unsigned slot)
{
	for (unsigned i = 0; i < agent->pair_count; i++)
		if (agent->pairs[i]->slot == slot)
			return agent->pairs[i];
	return NULL;
}

static struct pair *agent_pair_of_standby(const struct agent *agent, int ifindex)
{
	for (unsigned i = 0; i < agent->pair_count; i++)
		if (agent->pairs[i]->standby == ifindex)
			return agent->pairs[i];
	return NULL;
}

/* An array of the table's devices for the pure functions; the caller frees it. */
static const struct netdev **agent_list_devices(const struct agent *agent, size_t *ret_count)
{
	const struct netdev *device = NULL;
	const struct netdev **devices;
	size_t count = 0;

	while ((device = netdev_next(agent->world.table, device)))
		count++;
	devices = calloc(count + 1, sizeof(*devices));
	if (!devices)
		return NULL;
	for (count = 0, device = NULL; (device = netdev_next(agent->world.table, device));)
		devices[count++] = device;
	*ret_count = count;
	return devices;
}

/* A pair asked for by name is that of the device that bore the name: it stays so if the device is renamed. */
static void agent_follow_names(struct agent *agent)
{
	for (unsigned i = 0; i < agent->options->pair_count; i++) {
		struct options_pair *wanted = &agent->requested[i];
		const struct netdev *standby = netdev_by_index(agent->world.table, agent->requested_standbys[i]);
		const struct pair *pair = agent_pair_of_standby(agent, agent->requested_standbys[i]);
		const struct netdev *primary = pair ? netdev_by_index(agent->world.table, pair->primary) : NULL;

		*wanted = agent->options->pairs[i];
		if (standby)
			snprintf(wanted->standby, sizeof(wanted->standby), "%s", standby->name);
		if (primary && wanted->primary[0])
			snprintf(wanted->primary, sizeof(wanted->primary), "%s", primary->name);
		standby = netdev_by_name(agent->world.table, wanted->standby);
		agent->requested_standbys[i] = standby ? standby->ifindex : 0;
	}
}

static size_t agent_find_pairings(struct agent *agent, struct pairing *pairings)
{
	int current[VFSTEER_MAX_PAIRS + 1] = { 0 };
	const struct netdev **devices;
	size_t device_count, count = 0;

	for (unsigned i = 0; i < agent->pair_count; i++)
		if (agent->pairs[i]->primary)
			current[count++] = agent->pairs[i]->primary;
	devices = agent_list_devices(agent, &device_count);
	if (!devices)
		return 0;
	agent_follow_names(agent);
	count = pairing_find(devices, device_count, agent->requested, agent->options->pair_count, current, pairings,
			     VFSTEER_MAX_PAIRS);
	free(devices);
	return count;
}

/* The standbys that are no longer: unplugged, or moved to another namespace. */
static void agent_remove_pairs(struct agent *agent)
{
	for (unsigned i = 0; i < agent->pair_count;) {
		struct pair *pair = agent->pairs[i];

		if (netdev_by_index(agent->world.table, pair->standby)) {
			i++;
			continue;
		}
		log_info("%s: the standby is gone: the pair is given up", agent->world.pins.pairs[pair->slot].standby);
		pair_remove(&agent->world, pair);
		agent->pairs[i] = agent->pairs[--agent->pair_count];
	}
}

static void agent_tell_lookalike(const struct agent *agent, const struct pairing *pairing)
{
	const struct netdev *standby = netdev_by_index(agent->world.table, pairing->standby);
	const struct netdev *other = pairing->lookalike;

	log_info("%s: no device has its permanent MAC; if %s (%s, %02x:%02x:%02x:%02x:%02x:%02x) is its VF, give that the standby's MAC on the host, or use --pair %s=%s",
		 standby->name, other->name, other->pci_address, other->permanent_mac[0], other->permanent_mac[1],
		 other->permanent_mac[2], other->permanent_mac[3], other->permanent_mac[4], other->permanent_mac[5],
		 standby->name, other->name);
}

static void agent_add_pair(struct agent *agent, const struct pairing *pairing)
{
	const struct netdev *standby = netdev_by_index(agent->world.table, pairing->standby);
	struct pair *pair;
	int error = pair_new(&agent->world, pairing, &pair);

	if (error == -ENOSPC)
		log_error("%s: not paired: the pinned maps have room for %u pairs: run 'vfsteer unload', then start again",
			  standby->name, agent->world.pins.capacity);
	else if (error)
		log_error("%s: not paired: its programs could not be loaded and attached: %s", standby->name,
			  strerror(-error));
	if (error)
		return;
	agent->pairs[agent->pair_count++] = pair;
	log_info("%s: steering (%s)", standby->name, steer_describe(&agent->world.pins, pairing->standby));
	if (pairing->lookalike)
		agent_tell_lookalike(agent, pairing);
}

static void agent_wake_at(struct agent *agent, uint64_t time_ns)
{
	if (!time_ns) {
		sd_event_source_set_enabled(agent->timer, SD_EVENT_OFF);
		return;
	}
	sd_event_source_set_time(agent->timer, time_ns / 1000 + 1);
	sd_event_source_set_enabled(agent->timer, SD_EVENT_ONESHOT);
}

/* Level-triggered: looks at everything there is and puts right what is not; whatever it was that woke the agent. */
static void agent_reconcile(struct agent *agent)
{
	static struct pairing pairings[VFSTEER_MAX_PAIRS];
	size_t count;
	uint64_t wake_ns = 0;

	agent_remove_pairs(agent);
	count = agent_find_pairings(agent, pairings);
	for (size_t i = 0; i < count; i++) {
		struct pair *pair = agent_pair_of_standby(agent, pairings[i].standby);
		uint64_t pair_wake_ns;

		if (!pair) {
			agent_add_pair(agent, &pairings[i]);
			pair = agent_pair_of_standby(agent, pairings[i].standby);
		}
		if (!pair)
			continue;
		pair_wake_ns = pair_step(&agent->world, pair, &pairings[i]);
		if (pair_wake_ns && (!wake_ns || pair_wake_ns < wake_ns))
			wake_ns = pair_wake_ns;
	}
	if (!agent->filters_watched && agent->pair_count &&
	    (!wake_ns || wake_ns > pair_clock_ns() + AGENT_REALIGN_INTERVAL_NS))
		wake_ns = pair_clock_ns() + AGENT_REALIGN_INTERVAL_NS;
	agent_wake_at(agent, wake_ns);
}

static int agent_on_netlink(sd_event_source *source, int fd, uint32_t events, void *argument)
{
	struct agent *agent = argument;
	int changes = netdev_dispatch(agent->world.table);

	(void)source, (void)fd, (void)events;
	if (changes < 0) {
		log_error("netlink: %s: cannot follow devices any more", strerror(-changes));
		return changes;
	}
	for (unsigned i = 0; i < agent->pair_count; i++) {
		struct pair *pair = agent->pairs[i];

		if (changes & (NETDEV_LINKS | NETDEV_RESYNCED))
			pair->realign = true;
		if (changes & (NETDEV_LINKS | NETDEV_ADDRESSES | NETDEV_RESYNCED))
			pair->readdress = true;
		if (changes & (NETDEV_FILTERS | NETDEV_RESYNCED))
			steer_keep_place(pair->steer, pair->standby, pair->prepared ? pair->primary : 0);
	}
	if (changes & ~NETDEV_FILTERS)
		agent_reconcile(agent);
	return 0;
}

static int agent_on_event(void *argument, void *data, size_t size)
{
	struct agent *agent = argument;
	const struct vfsteer_event *event = data;
	struct pair *pair;

	if (size < sizeof(*event))
		return 0;
	pair = agent_pair_of_slot(agent, event->slot);
	if (!pair)
		return 0;
	if (event->kind == EVENT_FILTERS)
		pair->realign = pair->readdress = true;
	if (event->kind == EVENT_UNPLUG_CANCELLED)
		pair->removal_cancelled = true;
	return 0;
}

static int agent_on_watch(sd_event_source *source, int fd, uint32_t events, void *argument)
{
	struct agent *agent = argument;

	(void)source, (void)fd, (void)events;
	/* Before all else, and without a call that waits for RTNL, which whoever tears the primary down may hold. */
	for (unsigned i = 0; i < agent->pair_count; i++)
		pair_announce_switch(&agent->world, agent->pairs[i]);
	ring_buffer__consume(agent->events);
	agent_reconcile(agent);
	return 0;
}

static int agent_on_timer(sd_event_source *source, uint64_t time_us, void *argument)
{
	struct agent *agent = argument;

	(void)source, (void)time_us;
	for (unsigned i = 0; i < agent->pair_count && !agent->filters_watched; i++)
		agent->pairs[i]->realign = true;
	agent_reconcile(agent);
	return 0;
}

static int agent_request_switch(struct agent *agent, const char *standby, const char *wish, char *answer, size_t size)
{
	int slot = pins_find(&agent->world.pins, standby);
	struct pair *pair = slot < 0 ? NULL : agent_pair_of_slot(agent, slot);
	struct vfsteer_state state, wanted;

	if (!pair) {
		snprintf(answer, size, "%s: no such pair", standby);
		return 1;
	}
	state = pins_state(&agent->world.pins, slot);
	if (!strcmp(wish, "primary") && state.primary != PRIMARY_READY) {
		snprintf(answer, size, "%s: the primary cannot carry traffic: it is %s; 'vfsteer switch %s auto' uses it when it can",
			 standby, words_primary_state(state.primary), standby);
		return 1;
	}
	do {
		wanted = state;
		wanted.admin = !strcmp(wish, "primary") ? ADMIN_PRIMARY :
			       !strcmp(wish, "standby") ? ADMIN_STANDBY :
							  ADMIN_AUTO;
	} while (!pins_state_change(&agent->world.pins, slot, &state, wanted));
	pair->operator_asked = true;
	agent_reconcile(agent);
	state = pins_state(&agent->world.pins, slot);
	snprintf(answer, size, "%s: active: %s, admin: %s", standby, words_path(state.active), words_admin(state.admin));
	return 0;
}

static int agent_on_control(sd_event_source *source, int fd, uint32_t events, void *argument)
{
	struct agent *agent = argument;
	struct control_request request;

	(void)source, (void)events;
	while (!control_receive(fd, &request)) {
		char answer[CONTROL_SIZE], standby[IF_NAMESIZE], wish[16];
		int status = 1;

		snprintf(answer, sizeof(answer), "the agent does not know this request");
		if (!strcmp(request.text, "unload")) {
			agent->unloading = true;
			status = 0;
			snprintf(answer, sizeof(answer), "unloading");
			sd_event_exit(agent->loop, 0);
		} else if (sscanf(request.text, "switch %15s %15s", standby, wish) == 2) {
			status = agent_request_switch(agent, standby, wish, answer, sizeof(answer));
		}
		control_answer(fd, &request, status, answer);
	}
	return 0;
}

static int agent_open_loop(struct agent *agent)
{
	sigset_t signals;
	int error;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	error = sd_event_default(&agent->loop);
	if (error >= 0)
		error = sd_event_add_signal(agent->loop, NULL, SIGTERM, NULL, NULL);
	if (error >= 0)
		error = sd_event_add_signal(agent->loop, NULL, SIGINT, NULL, NULL);
	if (error >= 0)
		error = sd_event_add_time(agent->loop, &agent->timer, CLOCK_BOOTTIME, UINT64_MAX, AGENT_TIMER_ACCURACY_US,
					  agent_on_timer, agent);
	if (error >= 0)
		error = sd_event_add_io(agent->loop, NULL, netdev_fd(agent->world.table), EPOLLIN, agent_on_netlink, agent);
	if (error >= 0)
		error = sd_event_add_io(agent->loop, NULL, ring_buffer__epoll_fd(agent->events), EPOLLIN, agent_on_watch,
					agent);
	if (error >= 0 && agent->control_fd >= 0)
		error = sd_event_add_io(agent->loop, NULL, agent->control_fd, EPOLLIN, agent_on_control, agent);
	sd_event_set_watchdog(agent->loop, true);
	return error < 0 ? error : 0;
}

static void agent_tell_watch(const struct watch_result *watch)
{
	if (watch->refusal)
		log_warning("this kernel refuses tracing (%s): a primary's end is seen by the check of each packet and by netlink, not in advance",
			    strerror(-watch->refusal));
	else if (!watch->attached_count)
		log_warning("this kernel has no function to watch: a primary's end is seen by the check of each packet and by netlink, not in advance");
	else
		log_info("watching %u kernel functions for a primary's end", watch->attached_count);
}

/* Watch programs first: the data path's method depends on them. */
static int agent_open_programs(struct agent *agent)
{
	int error = watch_attach(&agent->world.pins, &agent->watch);

	if (error) {
		log_error("watch: %s: the watch programs could not be loaded", strerror(-error));
		return error;
	}
	agent_tell_watch(&agent->watch);
	for (unsigned i = 0; i < agent->watch.attached_count; i++)
		if (!strcmp(agent->watch.attached[i], "__dev_set_rx_mode"))
			agent->filters_watched = true;
	agent->world.liveness = steer_choose_liveness(agent->watch.complete);
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
	agent->control_fd = control_listen(&agent->world.pins);
	if (agent->control_fd < 0)
		log_warning("control: %s: 'vfsteer switch' will change the pins without this agent, ignoring",
			    strerror(-agent->control_fd));
	return 0;
}

static bool agent_keep_link(const char *rest, void *argument)
{
	const struct agent *agent = argument;
	int ifindex = atoi(strrchr(rest, '-') ? strrchr(rest, '-') + 1 : rest);

	return netdev_by_index(agent->world.table, ifindex);
}

/*
 * An announcement that waits behind a busy guest is a guest that cannot be reached. Not a realtime priority: a realtime
 * task is woken where it ran last, which may be the CPU that a removal is held on (bpf/hold.h), and is not moved away.
 */
static void agent_be_prompt(void)
{
	if (setpriority(PRIO_PROCESS, 0, -20))
		log_info("no high priority (%s): announcements may come later in a busy guest", strerror(errno));
}

static int agent_unload(struct agent *agent)
{
	int error = unload_everything(&agent->world.pins, agent->world.table, agent->world.requests,
				      agent->world.announce_fd);

	if (error)
		log_error("unload: %s: not everything could be taken away", strerror(-error));
	else
		log_info("unloaded: the guest is plain again");
	return error;
}

static void agent_close(struct agent *agent)
{
	for (unsigned i = 0; i < agent->pair_count; i++)
		pair_free(agent->pairs[i]);
	ring_buffer__free(agent->events);
	sd_event_unref(agent->loop);
	link_requests_free(agent->world.requests);
	netdev_table_free(agent->world.table);
}

int agent_run(const struct options *options)
{
	struct agent agent = {
		.options = options,
		.control_fd = -1,
		.world = {
			.limits.leaving_timeout_ns = AGENT_LEAVING_TIMEOUT_NS,
			.announce_count = AGENT_ANNOUNCE_COUNT,
			.announce_interval_ns = AGENT_ANNOUNCE_INTERVAL_NS,
		},
	};
	struct stat namespace;
	char message[512];
	bool adopted;
	int status = EXIT_FAILURE, error;

	if (agent_check_kernel())
		return EXIT_FAILURE;
	error = netdev_table_new(&agent.world.table, 0);
	if (error) {
		log_error("run: netlink: %s", strerror(-error));
		return EXIT_FAILURE;
	}
	if (agent_check_pairs(agent.world.table, options))
		goto out;
	if (stat("/proc/self/ns/net", &namespace)) {
		log_error("run: /proc/self/ns/net: %s: mount /proc", strerror(errno));
		goto out;
	}
	agent.world.network_namespace = namespace.st_ino;
	if (pins_make(options->bpffs, agent_check_capacity(agent.world.table, options), &agent.world.pins, &adopted, message,
		      sizeof(message)) != PINS_OK) {
		log_error("run: %s", message);
		goto out;
	}
	if (adopted)
		log_info("%s: adopted, with %u dead links removed", agent.world.pins.directory,
			 pins_sweep_links(&agent.world.pins, "primary-", agent_keep_link, &agent) +
				 pins_sweep_links(&agent.world.pins, "standby-", agent_keep_link, &agent));
	if (agent_open_programs(&agent) || agent_open_sockets(&agent))
		goto close_pins;
	error = agent_open_loop(&agent);
	if (error) {
		log_error("run: event loop: %s", strerror(-error));
		goto close_pins;
	}
	agent_be_prompt();
	agent_reconcile(&agent);
	if (!agent.pair_count)
		log_info("no pair yet: waiting for a virtio-net device");
	sd_notifyf(0, "READY=1\nSTATUS=%u pairs", agent.pair_count);
	error = sd_event_loop(agent.loop);
	status = error < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	sd_notify(0, "STOPPING=1");
	control_close(&agent.world.pins, agent.control_fd);
	if (agent.unloading)
		status = agent_unload(&agent) ? EXIT_FAILURE : EXIT_SUCCESS;
	else
		log_info("ends; what is pinned under %s works on ('vfsteer unload' takes it away)",
			 agent.world.pins.directory);
close_pins:
	if (!agent.unloading)
		pins_close(&agent.world.pins);
out:
	agent_close(&agent);
	return status;
}
