/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * join: prepares a primary that appears, in the order that lets the primary send no frame of its
 * own.
 */
#ifndef PAIR_JOIN_H
#define PAIR_JOIN_H

#include "pair/pair.h"

/*
 * Makes the device of @primary_ifindex the primary of the pair: removes addresses of the standby,
 * silences, attaches, aligns and sets it up (an adopted one that a user had set down stays down).
 * Sets pair->prepared on success. Otherwise the reason is logged, the pair stays on the standby,
 * and the next step tries again. Sends requests, which wait for RTNL.
 */
void pair_add_primary(struct world *world, struct pair *pair, const struct netdev *standby,
		      int primary_ifindex);

#endif
