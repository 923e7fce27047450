/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * decide: observes the pair (observe.h), calls policy.h for its state word, and carries that out
 * (switch.h), until nothing is left to do.
 */
#ifndef PAIR_DECIDE_H
#define PAIR_DECIDE_H

#include "pair/pair.h"

/*
 * A change of active is announced before this returns. Returns when to call again (CLOCK_BOOTTIME,
 * ns); 0: after an event. Returns at once if it sets pair->left_unread: the traffic was moved off
 * the primary before a read, and everything that may wait for RTNL is left to the next step.
 */
uint64_t pair_decide(struct world *world, struct pair *pair);

#endif
