/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * drain: is anything still in flight on a primary that transmits no more? Pure: it compares
 * samples. Nothing is if the primary is absent, or if for DRAIN_REST_NS no packet waited in its
 * queues, none was sent over it, and all that it received the standby received too.
 *
 * Frames that both wires bring (a host that shares the MAC) may go on for ever and lose nothing.
 * So what counts is how many frames the primary alone has brought: its lowest value in one window
 * after the other, since the standby's copies of the newest are still on their way.
 */
#ifndef POLICY_DRAIN_H
#define POLICY_DRAIN_H

#include <stdbool.h>
#include <stdint.h>

#define DRAIN_REST_NS 100000000ULL
#define DRAIN_LOOK_NS 5000000ULL /* between two samples */

struct drain_sample {
	bool has_primary;     /* else the other fields mean nothing */
	bool standby_carries; /* the standby has carrier */
	uint64_t queued;      /* bytes in its driver's queues plus packets in its qdiscs */
	uint64_t sent;	      /* packets, ever */
	/* packets, ever, less those that the standby brought later */
	uint64_t received_alone;
};

/* What is in the way, the most important first. */
enum drain_obstacle {
	DRAIN_CLEAR,
	DRAIN_NO_CARRIER, /* the standby cannot carry the traffic */
	DRAIN_QUEUED,
	DRAIN_SENDS,
	DRAIN_RECEIVES,
	DRAIN_SETTLES, /* nothing but that it has to stay so for a while */
};

/* Zero-initialise it for each drain. */
struct drain {
	bool has_begun;
	struct drain_sample last;
	uint64_t rest_since_ns, window_since_ns;
	/* of received_alone, in this window and in the one before */
	uint64_t lowest, lowest_before;
	bool receives;	  /* the last complete window was higher than the one before */
	unsigned windows; /* complete ones */
};

/* Takes a sample at @now_ns. DRAIN_CLEAR: nothing is in flight. */
enum drain_obstacle drain_look(struct drain *drain, const struct drain_sample *sample,
			       uint64_t now_ns);

/* Why, and what to do about it: a static text without the names of devices. */
const char *drain_explain(enum drain_obstacle obstacle);

#endif
