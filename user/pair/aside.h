/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * aside: how a pair moves its traffic off the primary for something that disturbs that: XDP that comes or goes, another root qdisc. What is on its way
 * over the primary by then needs a moment to arrive. Nobody sleeps for that: who disturbs asks first, and asks again when the time has come.
 */
#ifndef PAIR_ASIDE_H
#define PAIR_ASIDE_H

#include "pair/pair.h"

/* What is on its way: in the network, until that has learned of a switchover, and in the primary's ring. */
#define ASIDE_DRAIN_NS 20000000ULL

/* Is something waiting for the primary to run empty? What waits is done by the step after that, before its decision. */
bool aside_is_awaited(const struct pair *pair);

/* Is the primary empty by now? Then what waited can be done. */
bool aside_is_over(const struct pair *pair);

/* When to step the pair for what waits: CLOCK_BOOTTIME, ns; 0: nothing waits. */
uint64_t aside_wake_ns(const struct pair *pair);

#endif
