/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pair_path: whether a pair's primary has a path (path_check.h), and when to check that:
 * - before use: a primary that is new, or has its carrier back;
 * - while it is active: the pair sends, and no unicast is received by the primary between two
 *   looks; or, with configured addresses, always;
 * - after REACH_DEAD: after one second, twice as long after each further failure, at most 30 s.
 *
 * Never while the standby has no carrier, which could not be compared, nor for a pair whose MAC a
 * passthrough port owns.
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
	/* answers received before it began; before the wire was last asked */
	uint64_t begin_mark, wire_mark;
	bool wants_nd;
	uint64_t nd_until_ns;
	uint64_t wake_ns;		   /* of the running check */
	/* ifindex that the rest is about; 0: none that could be used */
	int primary;
	unsigned incarnation;
	bool is_checked;
	uint64_t pause_ns, retry_ns;	   /* REACH_DEAD */
	uint64_t look_ns, suspect_ns;	   /* not before */
	uint64_t tx_packets, rx_unicast_packets; /* at the last look */
	/*
	 * they changed then: look again after PAIR_PATH_LOOK_NS, else with the other looks of the
	 * pair
	 */
	bool moves;
	bool is_doubted;		   /* the last look found a reason to check */
};

/*
 * Before each decision: continues a running check, and lets a primary that is to be checked wait.
 * Does not wait itself.
 */
void pair_path_follow(struct world *world, struct pair *pair);

/*
 * After the decision: starts a check, for which it reads the kernel's neighbours, which waits for
 * RTNL. Returns when to call again (CLOCK_BOOTTIME, ns); 0: no need. The result may differ from
 * what was decided on.
 */
uint64_t pair_path_step(struct world *world, struct pair *pair);

/*
 * Has the pair sent without an answer since the last look? Reads a map, and does not wait. True:
 * step the pair.
 */
bool pair_path_look(const struct world *world, struct pair *pair);

/* Returns when to call pair_path_look besides each step: CLOCK_BOOTTIME, ns; 0: no need. */
uint64_t pair_path_look_ns(const struct pair *pair);

/* Ends what is running, when the pair ends. */
void pair_path_end(struct world *world, struct pair *pair);

#endif
