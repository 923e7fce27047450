/* SPDX-License-Identifier: GPL-2.0-only */
/* pair_quiet: announces a pair again if it has sent nothing for long (quiet.h). */
#ifndef PAIR_PAIR_QUIET_H
#define PAIR_PAIR_QUIET_H

#include "pair/pair.h"

/*
 * Checks, if it is due, whether the pair has sent anything, and has the pair's addresses collected
 * with the kernel's settings, whose changes cause no message. Returns whether to call
 * pair_quiet_announce afterwards.
 */
bool pair_quiet_look(const struct world *world, struct pair *pair);

/* Sends RARP for the pair's MACs on the active wire. */
void pair_quiet_announce(struct world *world, struct pair *pair);

/* Returns when to check next; 0: never. */
uint64_t pair_quiet_wake_ns(const struct world *world, const struct pair *pair);

#endif
