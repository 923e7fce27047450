/* SPDX-License-Identifier: GPL-2.0-only */
/* agent_state: what the agent's rooms share: agent.c is its life, from the pins to their end, loop.c hears of events, agent_pairings.c
 * chooses the pairs, reconcile.c puts them right. */
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
	struct options_pair requested[VFSTEER_MAX_PAIRS]; /* as in options; names follow a device that is renamed */
	int requested_standbys[VFSTEER_MAX_PAIRS];        /* ifindexes they were found to be */
	struct pairing_pinned pinned_devices[VFSTEER_MAX_PAIRS]; /* likewise, of options->pairs: see identity.h */
	int told_strangers[VFSTEER_MAX_PAIRS]; /* ifindex of a device of a standby's name that is another one, once told */
	struct world world;
	struct port ports[VFSTEER_MAX_PORTS]; /* world.ports */
	struct watch_result watch;
	bool lists_watched; /* watch programs tell of changed address lists, and of programs attached by others */
	unsigned pair_count;
	struct pair *pairs[VFSTEER_MAX_PAIRS];
	struct ring_buffer *events;
	int control_fd;
	struct late_answers late_answers;
	unsigned wanted_pairs; /* as many as were found at the last look at everything */
	bool tracing_changed;  /* switched on or off since the programs were chosen: they have to be chosen anew */
	bool told;             /* to the service manager: the two that follow */
	unsigned told_pairs, told_wanted_pairs;
	sd_event *loop;
	sd_event_source *timer;
	struct agent_source sources[AGENT_SOURCES];
	bool programs_moved; /* somebody attached a program somewhere: ours may have to be put in their places again */
	uint64_t realign_ns; /* when to look at what nothing tells of: see lists_watched */
	uint64_t groups_ns;  /* when to read the groups that devices have joined, whatever happens */
	uint64_t names_next_ns, names_until_ns; /* when to ask for names again; until the latter a new device may still be given the altname that is waited for */
	bool bypasses_due;   /* something changed that may be, or go, past the standby: see bypass.h */
	uint64_t bypasses_ns; /* not looked at before */
	uint64_t retry_ns;   /* when to try again what pair could not be made; 0: there is none */
	int unhooked[VFSTEER_MAX_PAIRS]; /* ifindexes of standbys whose qdisc has no place for our program, as told; 0: none */
	bool gave_up_pairs; /* those that an earlier agent had and this one's configuration has not */
	bool unloading;
	bool pinned; /* world.pins is open */
};

/* How often to look at address lists, where no watch program tells of them. */
#define AGENT_REALIGN_INTERVAL_NS 1000000000ULL

/*
 * How often to read the groups that devices have joined. A join on the standby, or on a VLAN or macvlan
 * above it, changes the standby's lists, which a watch program reports at once (EVENT_FILTERS). Nothing
 * reports a join on a bridge above it, a change of sources, and a querier of another version.
 * The groups are also read before a switch of the agent's own and after any other.
 */
#define AGENT_GROUPS_INTERVAL_NS 1000000000ULL
/* Any user may join many thousand groups. This reading then takes a twentieth of the time at most. */
#define AGENT_GROUPS_PAUSES 19

/* Between two looks at all qdiscs. */
#define AGENT_BYPASSES_INTERVAL_NS 200000000ULL

/* Makes the loop and everything that wakes it; it ends by SIGTERM, by SIGINT, as the agent's flags say, and with an error
 * when something that wakes it fails for long (source.h). Returns 0 or -errno. */
int agent_open_loop(struct agent *agent);
void agent_close_loop(struct agent *agent); /* also when it was not opened, or not all of it */

/* For the ring buffer of events: @argument is the agent. */
int agent_on_event(void *argument, void *data, size_t size);

/* NULL: no such pair. */
struct pair *agent_pair_of_slot(const struct agent *agent, unsigned slot);
struct pair *agent_pair_of_standby(const struct agent *agent, int ifindex);

/* Notes for its pair what an event of the ring buffer (@size bytes at @data) tells. True: somebody attached a program
 * somewhere, and ours may have to be put in their places again. Too short, of an unknown kind or slot: no news. */
bool agent_take_event(struct agent *agent, const void *data, size_t size);

/* A qdisc or filter has changed somewhere: what pair could not be made for its qdisc is tried again by the next agent_look. */
void agent_retry_unhooked(struct agent *agent);

/* Which devices belong together now. Writes up to VFSTEER_MAX_PAIRS; returns how many. */
size_t agent_find_pairings(struct agent *agent, struct pairing *pairings);

/* The devices that were given up as primaries (guard.h), 0-terminated; of one that is gone the mark is taken from its slot. Returns how many. */
size_t agent_list_contested(const struct agent *agent, int contested[VFSTEER_MAX_PAIRS + 1]);

/* Writes a line for each device that looks like a pair's primary and is not it; once. */
void agent_tell_candidates(struct agent *agent);

/* Writes a line for each thing on a standby that is bypassed while the primary is active, and one when it is not any more; once a change, if
 * agent->bypasses_due and the time has come. */
void agent_tell_bypasses(struct agent *agent);

/* Level-triggered: looks at everything there is and puts right what is not; whatever it was that woke the agent.
 * Tells the service manager how many of the pairs
 * are steered, that is, have their programs on their standby; and, when all are, that the agent is ready. */
void agent_reconcile(struct agent *agent);

/* The same for the pairs that are due, or whose time has come, when no device came or went: what one pair needs costs no
 * more where there are many. */
void agent_look(struct agent *agent);

#endif
