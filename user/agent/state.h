/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * agent_state: shared by the agent's sources. agent.c starts and ends it, loop.c receives events,
 * agent_pairings.c chooses the pairs, reconcile.c keeps them in order.
 */
#ifndef AGENT_STATE_H
#define AGENT_STATE_H

#include "agent/late_answers.h"
#include "agent/source.h"
#include "datapath/watch.h"
#include "pair/pair.h"
#include "policy/options.h"
#include "port/port.h"

#include <bpf/libbpf.h>
#include <systemd/sd-event.h>

enum agent_sources {
	AGENT_NETLINK,
	AGENT_WATCH, /* the ring buffer of the kernel's programs */
	AGENT_FEATURES,
	AGENT_CONTROL,
	AGENT_SOURCES,
};

struct agent {
	const struct options *options;
	/* as in options; names follow a renamed device */
	struct options_pair requested[VFSTEER_MAX_PAIRS];
	int requested_standbys[VFSTEER_MAX_PAIRS];        /* the ifindexes found for them */
	/* of options->pairs: see identity.h */
	struct pairing_pinned pinned_devices[VFSTEER_MAX_PAIRS];
	/* ifindex of another device with a standby's name, once logged */
	int told_strangers[VFSTEER_MAX_PAIRS];
	struct world world;
	struct port ports[VFSTEER_MAX_PORTS]; /* world.ports */
	struct watch_result watch;
	/* watch programs report changed address lists, and programs that others attach */
	bool lists_watched;
	unsigned pair_count;
	struct pair *pairs[VFSTEER_MAX_PAIRS];
	struct ring_buffer *events;
	int control_fd;
	struct late_answers late_answers;
	unsigned wanted_pairs; /* the number of pairings at the last full reconciliation */
	/*
	 * tracing was enabled or disabled since the programs were chosen: they must be chosen again
	 */
	bool tracing_changed;
	bool told;             /* the next two were reported to the service manager */
	unsigned told_pairs, told_wanted_pairs;
	sd_event *loop;
	sd_event_source *timer;
	struct agent_source sources[AGENT_SOURCES];
	bool programs_moved; /* a program was attached somewhere: ours may no longer be first */
	uint64_t realign_ns; /* when to read what nothing reports: see lists_watched */
	uint64_t groups_ns;  /* when to read the groups of all devices */
	/*
	 * when to ask for names again; until the latter a new device may still get the missing
	 * altname
	 */
	uint64_t names_next_ns, names_until_ns;
	bool bypasses_due;   /* a change that may bypass the standby: see bypass.h */
	uint64_t bypasses_ns; /* not read before */
	uint64_t retry_ns;   /* when to retry a pair that could not be set up; 0: none */
	/* ifindexes of standbys whose qdisc has no hook for our program, as logged; 0: none */
	int unhooked[VFSTEER_MAX_PAIRS];
	/* pairs of an earlier agent that are not in this configuration were removed */
	bool gave_up_pairs;
	bool unloading;
	bool pinned; /* world.pins is open */
};

/* How often to read address lists that no watch program reports. */
#define AGENT_REALIGN_INTERVAL_NS 1000000000ULL

/*
 * How often to read the groups that devices have joined. A watch program reports a join on the
 * standby, or on a VLAN or macvlan above it, at once (EVENT_FILTERS). Nothing reports a join on a
 * bridge above it, a change of sources, or a querier of another version. The groups are also read
 * before a switchover by the agent and after any other.
 */
#define AGENT_GROUPS_INTERVAL_NS 1000000000ULL
/* Any user may join many thousand groups. This limits reading them to a twentieth of the time. */
#define AGENT_GROUPS_PAUSES 19

/* Between two reads of all qdiscs. */
#define AGENT_BYPASSES_INTERVAL_NS 200000000ULL

/*
 * Creates the loop and its sources. It ends by SIGTERM, by SIGINT, as the agent's flags say, or
 * with an error if a source fails for long (source.h). Returns 0 or -errno.
 */
int agent_open_loop(struct agent *agent);
void agent_close_loop(struct agent *agent); /* also if it was not, or only partly, opened */

/* Callback of the ring buffer of events: @argument is the agent. */
int agent_on_event(void *argument, void *data, size_t size);

/* Each returns NULL if there is no such pair. */
struct pair *agent_pair_of_slot(const struct agent *agent, unsigned slot);
struct pair *agent_pair_of_standby(const struct agent *agent, int ifindex);

/*
 * Handles an event of the ring buffer (@size bytes at @data) for its pair. True: a program was
 * attached somewhere, and ours may no longer be first. Ignores events that are too short, or of an
 * unknown kind or slot.
 */
bool agent_take_event(struct agent *agent, const void *data, size_t size);

/*
 * Asks for the altnames of configured devices that are missing. Nothing reports a new altname of a
 * device that is down, so this is repeated for some time after a device appeared.
 */
void agent_find_names(struct agent *agent);

/* A qdisc or filter changed: the next agent_look retries pairs that had no hook. */
void agent_retry_unhooked(struct agent *agent);

/* Finds the present pairings. Writes up to VFSTEER_MAX_PAIRS; returns their number. */
size_t agent_find_pairings(struct agent *agent, struct pairing *pairings);

/*
 * Lists the devices that were given up as primaries (guard.h), 0-terminated, and clears the mark of
 * those that are gone. Returns their number.
 */
size_t agent_list_contested(const struct agent *agent, int contested[VFSTEER_MAX_PAIRS + 1]);

/* Logs what the watch programs warn of, and the result of their test (watch_test.h). */
void agent_log_watch(const struct watch_result *watch);

/* Logs each device that looks like a pair's primary but is rejected; once. */
void agent_log_candidates(struct agent *agent);

/*
 * Logs each thing on a standby that is bypassed while the primary is active, and its end; once per
 * change, if agent->bypasses_due and the time has come.
 */
void agent_log_bypasses(struct agent *agent);

/*
 * Level-triggered: compares everything with what it should be, and corrects it, whatever woke the
 * agent. Reports to the service manager how many pairs have their programs on their standby and,
 * when all have, that the agent is ready.
 */
void agent_reconcile(struct agent *agent);

/*
 * The same only for pairs that are due, when no device was added or removed: the cost does not grow
 * with the number of pairs.
 */
void agent_look(struct agent *agent);

#endif
