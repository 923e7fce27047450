/* SPDX-License-Identifier: GPL-2.0-only */
/* decide: observes the pair (observe.h), asks policy.h what its word should be, and has that carried out (switch.h), until nothing is left to do. */
#ifndef PAIR_DECIDE_H
#define PAIR_DECIDE_H

#include "pair/pair.h"

/*
 * What changes active is announced before this returns. Returns when to look again (CLOCK_BOOTTIME, ns), 0: no need. At once after
 * pair->left_unread, which it sets: the traffic was moved off the primary before that was read, and all else, which may wait for RTNL, waits until
 * the next step.
 */
uint64_t pair_decide(struct world *world, struct pair *pair);

#endif
