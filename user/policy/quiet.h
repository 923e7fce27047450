/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * quiet: when to announce a pair that sends nothing, before the network forgets its MACs (usually
 * after 300 s). Pure. Its counter is read twice an interval, and the pair is announced if two reads
 * in a row show no packet. With the default of 150 s and 10 % jitter the longest silence is 248 s.
 */
#ifndef POLICY_QUIET_H
#define POLICY_QUIET_H

#include <stdbool.h>
#include <stdint.h>

/* Zero-initialise it. */
struct quiet {
	uint64_t look_ns;    /* next read; 0: never read */
	uint64_t tx_packets; /* at the last read */
	unsigned looks;      /* consecutive reads without a new packet */
};

/* Is it time to read? */
bool quiet_is_due(const struct quiet *quiet, uint64_t now_ns);

/*
 * Notes a read of @tx_packets. @interval_ns: the configured one; @random: any number, for the
 * jitter. Returns whether to announce.
 */
bool quiet_look(struct quiet *quiet, uint64_t tx_packets, uint64_t now_ns, uint64_t interval_ns,
		uint32_t random);

#endif
