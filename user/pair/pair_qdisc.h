/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pair_qdisc: copies the root qdisc of the standby to the primary (qdisc = mirror). A packet passes
 * one of the two: what steer_egress redirects bypasses the standby's qdisc. So limits, pacing and
 * priorities apply to either device, to each for itself.
 *
 * Replacing the root qdisc of a device that is up loses the packets in its queues and those sent
 * meanwhile. So the traffic is moved off first, the queues drain, and it returns.
 */
#ifndef PAIR_PAIR_QDISC_H
#define PAIR_PAIR_QDISC_H

#include <stdbool.h>
#include <stdint.h>

struct pair;
struct world;

/*
 * Scripts create qdiscs, classes and filters one by one: a change is copied after this time without
 * another change. Endless changes are copied all the same.
 */
#define PAIR_QDISC_SETTLE_NS 100000000ULL
#define PAIR_QDISC_SETTLE_MAX_NS 1000000000ULL

struct pair_qdisc {
	bool keep;	   /* qdisc = keep: the primary keeps its own */
	/* the traffic was moved off: the primary is not used before it is done */
	bool is_aside;
	uint64_t due_ns;   /* when to look next; 0: no need */
	uint64_t asked_ns; /* when the look was first requested; 0: not requested */
	uint64_t drain_ns; /* queues that are not empty then are given up */
	uint64_t refused;  /* hash of the tree that the kernel refused; 0: none */
	uint64_t made_ns;  /* when the primary's was last changed */
	/* how long it then stays: repeated changes are copied at longer and longer intervals */
	uint64_t rest_ns;
	const char *logged;  /* logged trouble, a static text */
};

/* The root qdiscs may have changed: look in @delay_ns. */
void pair_qdisc_look(struct pair *pair, uint64_t delay_ns);

/*
 * If it is due, brings the primary's root qdisc to that of the standby, or one step nearer. Returns
 * when to call again; 0: no need.
 */
uint64_t pair_qdisc_step(struct world *world, struct pair *pair);

/* Before the primary is removed or no longer used: removes what we gave it. */
void pair_qdisc_remove(struct world *world, struct pair *pair);

#endif
