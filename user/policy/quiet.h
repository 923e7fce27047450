/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * quiet: when a pair that sends nothing is announced again, before the network forgets its MACs (usually 300 s). Pure. Its counter is looked at twice
 * an interval: it is announced when it has sent nothing for two looks. With the default of 150 s, and a tenth of jitter, the network hears
 * nothing for 248 s at most.
 */
#ifndef POLICY_QUIET_H
#define POLICY_QUIET_H

#include <stdbool.h>
#include <stdint.h>

/* Zero-initialise it. */
struct quiet {
	uint64_t look_ns;    /* when to look next; 0: not looked yet */
	uint64_t tx_packets; /* at the last look */
	unsigned looks;      /* at which nothing had been sent, in a row */
};

/* Is it time to look? */
bool quiet_is_due(const struct quiet *quiet, uint64_t now_ns);

/* Notes a look. @interval_ns: the configured one; @random: any number. Returns whether to announce. */
bool quiet_look(struct quiet *quiet, uint64_t tx_packets, uint64_t now_ns, uint64_t interval_ns, uint32_t random);

#endif
