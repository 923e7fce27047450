/* SPDX-License-Identifier: GPL-2.0-only */
/* pair_drain: a pair whose traffic `vfsteer drain` keeps off the primary. */
#ifndef PAIR_PAIR_DRAIN_H
#define PAIR_PAIR_DRAIN_H

#include "pair/pair.h"

/*
 * Begins a drain, or begins it again; the next step moves the traffic. @for_s: after so many
 * seconds the agent ends it; 0: it does not. Returns 0, or -ENOTCONN: the standby has no carrier,
 * and the primary alone carries the traffic.
 */
int pair_drain_begin(struct world *world, struct pair *pair, unsigned for_s);

/* Ends a drain whose time has come, before the pair decides. */
void pair_drain_expire(struct world *world, struct pair *pair);

/*
 * Looks whether anything is in flight, after the pair decided, and notes it in the slot. Returns
 * when to look again (CLOCK_BOOTTIME, ns), 0: no need.
 */
uint64_t pair_drain_step(struct world *world, struct pair *pair);

#endif
