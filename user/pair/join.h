/* SPDX-License-Identifier: GPL-2.0-only */
/* join: what is done once to a primary when it appears, in the order that lets no frame of its own out. */
#ifndef PAIR_JOIN_H
#define PAIR_JOIN_H

#include "pair/pair.h"

/*
 * Makes the device of @primary_ifindex the pair's primary: takes addresses of the standby's from it, silences, attaches, aligns it, and sets it up
 * (an adopted one stays down if somebody had set it down). pair->prepared then says whether that worked; if not, the reason is logged, the pair goes
 * on over the standby, and the next step tries again. Sends requests, which wait for RTNL.
 */
void pair_meet(struct world *world, struct pair *pair, const struct netdev *standby, int primary_ifindex);

#endif
