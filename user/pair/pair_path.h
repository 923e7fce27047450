/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pair_path: whether a pair's primary leads anywhere (path_check.h), and when there is reason to ask:
 * - before it is used: a primary that is new, or has its carrier back;
 * - while it is active: the pair sends, and no unicast comes by the primary from one look to the next; or, with named
 *   addresses, always;
 * - when it led nowhere: after a second, twice as long after each further time, 30 s at most.
 * Never while the standby has no carrier, since then nothing speaks for it, nor for a pair whose MAC a passthrough port owns.
 */
#ifndef PAIR_PAIR_PATH_H
#define PAIR_PAIR_PATH_H

#include "announce/path_targets.h"
#include "policy/path_check.h"

struct pair;
struct world;

/* Zero-initialise it. */
struct pair_path {
	enum vfsteer_reach reach;
	struct path_check check;
	struct path_targets targets;
	uint64_t begin_mark, wire_mark;	   /* answers heard before it began; before the wire was asked last */
	bool wants_nd;
	uint64_t nd_until_ns;
	uint64_t wake_ns;		   /* of the check under way */
	int primary;			   /* what the rest is about: 0: none that could be used */
	unsigned incarnation;
	bool is_checked;
	uint64_t pause_ns, retry_ns;	   /* REACH_DEAD */
	uint64_t look_ns, suspect_ns;	   /* not before */
	uint64_t tx_packets, rx_unicast_packets; /* at the last look */
	bool moves;			   /* they changed then: the next look is PAIR_PATH_LOOK_NS after it, else with the pair's others */
	bool is_doubted;		   /* the last look found a reason to ask */
};

/* Before each decision: goes on with what is under way, and lets a primary wait that is to be checked. Waits for nobody. */
void pair_path_follow(struct world *world, struct pair *pair);

/* After it: begins a check, for which the kernel's neighbours are read, which waits for RTNL. Returns when to look again (CLOCK_BOOTTIME, ns), 0: no
 * need. What is known of the primary may then be something else than what was decided on. */
uint64_t pair_path_step(struct world *world, struct pair *pair);

/* Has the pair sent without an answer since the last look? Reads a map, and waits for nobody. True: it is to be stepped. */
bool pair_path_look(const struct world *world, struct pair *pair);

/* When to call that, beside each step: CLOCK_BOOTTIME, ns; 0: no need. */
uint64_t pair_path_look_ns(const struct pair *pair);

/* The pair ends. */
void pair_path_end(struct world *world, struct pair *pair);

#endif
