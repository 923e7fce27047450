/* SPDX-License-Identifier: GPL-2.0-only */
/* join: what is done once to a primary when it appears, in the order that lets no frame of its own out. */
#ifndef PAIR_JOIN_H
#define PAIR_JOIN_H

#include "pair/pair.h"

/*
 * Names @primary in the pair's slot (so that the watch programs know it), silences it, attaches its program, and
 * sets it up unless the pair was adopted with a primary that somebody had set down. Returns 0, or -errno with *ret_what
 * (static string) saying what failed; the pair then goes on over the standby.
 */
int join_primary(struct world *world, struct pair *pair, const struct netdev *primary, const char **ret_what);

#endif
