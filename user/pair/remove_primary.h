/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * remove_primary: how a pair gives up its primary, temporarily or for good. Its two calls for other
 * rooms are in pair.h.
 */
#ifndef PAIR_REMOVE_PRIMARY_H
#define PAIR_REMOVE_PRIMARY_H

#include "pair/pair.h"

/*
 * The primary is gone from this namespace, or another one is to be used. @is_left: it still exists,
 * and is given back as it was found, but up: its stack first, then its lists, its program last.
 * That takes some 20 ms if it was active.
 */
void pair_remove_primary(struct world *world, struct pair *pair, bool is_left);

#endif
