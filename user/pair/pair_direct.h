/* SPDX-License-Identifier: GPL-2.0-only */
/* pair_direct: whether a pair uses `rx = direct` (direct.h). */
#ifndef PAIR_PAIR_DIRECT_H
#define PAIR_PAIR_DIRECT_H

#include "pair/pair.h"

/*
 * Turns `rx = direct` on or off, as configured and as is safe now; logs a refusal once. It depends
 * on sysctls (forwarding, rp_filter), whose changes cause no message. Returns when to call again
 * (CLOCK_BOOTTIME, ns); 0: no need.
 */
uint64_t pair_receive_directly(struct world *world, struct pair *pair);

#endif
