/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * path_check: does the primary's wire lead to where the standby's leads? Pure.
 *
 * Silence proves nothing: a neighbour may be gone, and a network need not carry what nobody asked for. So the same question
 * goes over one wire and then over the other. Neighbours are asked over the primary. If none answers, they are asked over
 * the standby. The primary leads nowhere if that happens PATH_CHECK_ROUNDS times in a row: an answer by the standby, and none
 * by the primary. It is good as soon as a neighbour has answered more often than the standby asked, since one answer then was
 * to a question that the primary carried. If nobody answers on either wire nothing is known, and the primary stays what it was.
 *
 * An answer may be late, and come when the other wire is being asked: what is too late for the first round's two questions
 * counts for nothing, and the last round gives the primary more time than these had together, so that it is heard then. The
 * A question or its answer may be lost, or a neighbour answer only every second one: the primary is asked twice in each round.
 *
 * The kernel asks its neighbours the same, over the wire that is active. Where that is the standby, an answer to the kernel looks
 * like a proof: whoever has reason to doubt asks for several in a row.
 *
 * Two questions to one neighbour are PATH_CHECK_PAUSE_NS apart or more; who hears one answer twice, since the network sends it down both
 * wires, within less, is to count it once.
 */
#ifndef POLICY_PATH_CHECK_H
#define POLICY_PATH_CHECK_H

#include "vfsteer.h"
#include <stdbool.h>
#include <stdint.h>

#define PATH_CHECK_ROUNDS 3
#define PATH_CHECK_STANDBY_PATIENCE_NS 150000000ULL
#define PATH_CHECK_PAUSE_NS 20000000ULL
#define PATH_CHECK_PROOF_PAUSE_NS 200000000ULL /* between two proofs: hosts and routers limit how often they answer */

enum path_action {
	PATH_WAIT,
	PATH_ASK_PRIMARY,
	PATH_ASK_AGAIN, /* over the primary: what it answered before counts on */
	PATH_ASK_STANDBY,
	PATH_END, /* what is known now is in reach */
};

/* Zero-initialise it. */
struct path_check {
	bool is_running;
	unsigned proofs;    /* that are still missing */
	unsigned allowance; /* so many answers of one neighbour since the beginning prove nothing, or are counted already */
	enum vfsteer_path asked;
	unsigned round;
	uint64_t asked_ns;  /* when the wire was asked last */
	uint64_t heard_ns;  /* when it answered; 0: not yet */
	bool is_asked_twice;
};

/* What has been heard since the wire was asked last. */
struct path_heard {
	unsigned answers;
	bool has_surplus; /* a neighbour has answered more often, since the beginning, than the check's allowance */
};

struct path_step {
	enum path_action action;
	enum vfsteer_reach reach; /* of PATH_END: REACH_ANSWERED, REACH_DEAD, or REACH_UNKNOWN */
	uint64_t wake_ns;		   /* of the others: when to call again */
};

/* The caller asks over the primary at once. @proofs: how many answers, one after the other, it takes; 1 or more. @now_ns: of any clock, as the other times
 * here. Returns when to call path_check_next. */
uint64_t path_check_begin(struct path_check *check, unsigned proofs, uint64_t now_ns);

/* What to do next. After PATH_ASK_* the caller asks over that wire at once; what it hears from then on counts for it. */
struct path_step path_check_next(struct path_check *check, const struct path_heard *heard, uint64_t now_ns);

#endif
