/* SPDX-License-Identifier: GPL-2.0-only */
/* pair_direct: whether a pair receives directly (direct.h). */
#ifndef PAIR_PAIR_DIRECT_H
#define PAIR_PAIR_DIRECT_H

#include "pair/pair.h"

/*
 * Turns direct receiving on or off, as the configuration asks and as is safe now; logs a refusal once. What makes it unsafe are sysctls too
 * (forwarding, rp_filter), whose changes tell nobody. Returns when to look again (CLOCK_BOOTTIME, ns), 0: no need.
 */
uint64_t pair_receive_directly(struct world *world, struct pair *pair);

#endif
