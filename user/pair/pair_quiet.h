/* SPDX-License-Identifier: GPL-2.0-only */
/* pair_quiet: announces a pair again that has sent nothing for long (quiet.h). */
#ifndef PAIR_PAIR_QUIET_H
#define PAIR_PAIR_QUIET_H

#include "pair/pair.h"

/* Looks whether the pair has sent, if it is time. The pair's addresses are then to be collected anew, with the kernel's settings, of whose changes nothing
 * tells. Returns whether pair_quiet_announce is to be called after that. */
bool pair_quiet_look(const struct world *world, struct pair *pair);

/* RARP for the pair's MACs, on the active wire. */
void pair_quiet_announce(struct world *world, struct pair *pair);

/* When to look next; 0: never. */
uint64_t pair_quiet_wake_ns(const struct world *world, const struct pair *pair);

#endif
