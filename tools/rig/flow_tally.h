// SPDX-License-Identifier: GPL-2.0-only
/* flow_tally: the account of the datagrams that flow's receiver has got. */
#ifndef FLOW_TALLY_H
#define FLOW_TALLY_H

#include <stdint.h>
#include <stdio.h>

#define FLOW_MAGIC 0x76667374u
#define NS_PER_S 1000000000ull
#define GAPS_MAX 64

struct datagram {
	uint32_t magic;
	uint32_t flow;
	uint64_t seq;
	uint64_t sent_ns; /* the sender's CLOCK_MONOTONIC */
};

/* What has arrived: how often each number did, and where the holes in time were. */
struct tally {
	uint8_t *seen;
	uint64_t capacity, received, duplicates, reordered, first_seq, last_seq, highest_seq;
	uint64_t first_ns, last_ns, start_sent_ns, foreign;
	uint64_t gap_count;
	struct {
		uint64_t length_ns, start_ns, before_seq, after_seq;
	} longest, gaps[GAPS_MAX];
};

/* Prints why @what failed (errno), and exits with 1. */
_Noreturn void die(const char *what);

/* @now: when it arrived, in ns. Gaps of @gap_min_ns and more are kept, GAPS_MAX of them. */
void tally_add(struct tally *tally, const struct datagram *datagram, uint64_t now,
	       uint64_t gap_min_ns);

/* As JSON. @expect: how many were sent; 0: as far as the highest number. */
void tally_report(const struct tally *tally, uint64_t expect, FILE *out);

#endif
