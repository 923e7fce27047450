/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pair_qdisc: the root qdisc of the standby on the primary (qdisc = mirror). A packet passes one of the two: what steer_egress redirects goes past
 * the standby's. So limits, pacing and priorities hold whichever device is active; each device has them for itself.
 *
 * Replacing the root qdisc of a device that is up costs what is in its queues, and what is sent meanwhile. Hence the traffic steps aside
 * first, the queues run empty, and it comes back.
 */
#ifndef PAIR_PAIR_QDISC_H
#define PAIR_PAIR_QDISC_H

#include <stdbool.h>
#include <stdint.h>

struct pair;
struct world;

/* A script makes qdiscs, classes and filters one by one: for so long nothing must have happened. Who never stops is followed all the same. */
#define PAIR_QDISC_SETTLE_NS 100000000ULL
#define PAIR_QDISC_SETTLE_MAX_NS 1000000000ULL

struct pair_qdisc {
	bool keep;	   /* qdisc = keep: the primary is to have what it has by itself */
	bool is_aside;	   /* the traffic stepped aside: the primary is not used before it is done */
	uint64_t due_ns;   /* when to look next; 0: no need */
	uint64_t asked_ns; /* when that was asked for first; 0: it was not */
	uint64_t drain_ns; /* queues that are not empty then are given up */
	uint64_t refused;  /* hash of the tree that the kernel refused; 0: none */
	uint64_t made_ns;  /* when the primary's was changed last */
	uint64_t rest_ns;  /* how long it then stays as it is: who changes rates in a loop is followed at longer and longer intervals */
	const char *told;  /* trouble told last, a static text */
};

/* Something about the root qdiscs may have changed: to be looked at in @delay_ns. */
void pair_qdisc_look(struct pair *pair, uint64_t delay_ns);

/* When it is time, brings the primary's root qdisc to what it should be, or one step nearer. Returns when to look again, 0: no need. */
uint64_t pair_qdisc_step(struct world *world, struct pair *pair);

/* The primary is about to leave, or not to be used any more: takes from it what we gave it. */
void pair_qdisc_part(struct world *world, struct pair *pair);

#endif
