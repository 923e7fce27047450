/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * path_check: does the wire of the primary lead to the network of the standby? Pure.
 * docs/internals/path-check.md describes it.
 *
 * Silence alone proves nothing: a neighbour may be gone. So neighbours are asked over the primary,
 * and if none answers, over the standby. The primary has no path if the standby is answered and the
 * primary is not, PATH_CHECK_ROUNDS times in a row. The primary has a path as soon as a neighbour
 * has answered more often than the standby asked, since the primary carried one of the questions.
 * If no neighbour answers on either wire, nothing is known and the state is kept.
 *
 * An answer may be late and arrive while the other wire is asked. Later rounds give the primary
 * more time, the last one more than the first had for both questions. The primary is asked twice in
 * each round, in case a packet is lost or a neighbour answers every second question only.
 *
 * The kernel asks its neighbours over the active wire. If that is the standby, an answer to the
 * kernel looks like a proof, so a caller that needs certainty requires several in a row.
 *
 * Two questions to one neighbour are at least PATH_CHECK_PAUSE_NS apart. The network may send one
 * answer down both wires: the caller counts two answers within less as one.
 */
#ifndef POLICY_PATH_CHECK_H
#define POLICY_PATH_CHECK_H

#include "vfsteer.h"
#include <stdbool.h>
#include <stdint.h>

#define PATH_CHECK_ROUNDS 3
#define PATH_CHECK_STANDBY_PATIENCE_NS 150000000ULL
#define PATH_CHECK_PAUSE_NS 20000000ULL
/* between two proofs: hosts and routers limit the rate of answers */
#define PATH_CHECK_PROOF_PAUSE_NS 200000000ULL

enum path_action {
	PATH_WAIT,
	PATH_ASK_PRIMARY,
	PATH_ASK_AGAIN, /* over the primary; earlier answers still count */
	PATH_ASK_STANDBY,
	PATH_END, /* reach has the result */
};

/* Zero-initialise it. */
struct path_check {
	bool is_running;
	unsigned proofs;    /* still missing */
	/* answers of one neighbour since the start that prove nothing or are counted */
	unsigned allowance;
	enum vfsteer_path asked;
	unsigned round;
	uint64_t asked_ns;  /* when the wire was last asked */
	uint64_t heard_ns;  /* when it answered; 0: not yet */
	bool is_asked_twice;
};

/* What was received since the last question. */
struct path_heard {
	unsigned answers;
	/* a neighbour has answered more often since the start than the allowance */
	bool has_surplus;
};

struct path_step {
	enum path_action action;
	enum vfsteer_reach reach; /* with PATH_END: REACH_ANSWERED, REACH_DEAD, or REACH_UNKNOWN */
	uint64_t wake_ns;		   /* otherwise: when to call again */
};

/*
 * Starts a check. The caller asks over the primary at once. @proofs: the number of consecutive
 * answers required, 1 or more. @now_ns: of any clock, the same in all calls. Returns when to call
 * path_check_next.
 */
uint64_t path_check_begin(struct path_check *check, unsigned proofs, uint64_t now_ns);

/*
 * Returns the next action. After PATH_ASK_* the caller asks over that wire at once, and later
 * answers count for that wire.
 */
struct path_step path_check_next(struct path_check *check, const struct path_heard *heard,
				 uint64_t now_ns);

#endif
