/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * aside: moves the traffic of a pair off the primary before an operation that disturbs the primary:
 * attaching or detaching XDP, replacing the root qdisc. Packets in flight over the primary need a
 * moment to arrive. The agent does not sleep for that: the operation asks first, and asks again
 * after that time.
 */
#ifndef PAIR_ASIDE_H
#define PAIR_ASIDE_H

#include "pair/pair.h"

/*
 * Time for packets in flight: in the network, which has to learn of the switchover, and in the ring
 * of the primary.
 */
#define ASIDE_DRAIN_NS 20000000ULL

/*
 * Does an operation wait until the primary is drained? The next step after that performs it, before
 * the decision.
 */
bool aside_is_awaited(const struct pair *pair);

/* Is the primary drained by now? Then the waiting operation can be performed. */
bool aside_is_over(const struct pair *pair);

/* When to step the pair for the waiting operation: CLOCK_BOOTTIME, ns; 0: none waits. */
uint64_t aside_wake_ns(const struct pair *pair);

#endif
