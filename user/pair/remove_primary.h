/* SPDX-License-Identifier: GPL-2.0-only */
/* pair_part: how a pair leaves its primary: for a moment, or for good. Its two calls for others are in pair.h. */
#ifndef PAIR_REMOVE_PRIMARY_H
#define PAIR_REMOVE_PRIMARY_H

#include "pair/pair.h"

/*
 * The primary is gone from this namespace, or is no longer the one to use. @is_left: then it is still there, and is given back as it was found, but
 * up: its stack first, then its lists, its program last. Takes some 20 ms then, if it was active.
 */
void pair_part(struct world *world, struct pair *pair, bool is_left);

#endif
