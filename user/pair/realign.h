/* SPDX-License-Identifier: GPL-2.0-only */
/* pair_realign: aligns a pair's primary with its standby (align.h), and follows what comes of it. */
#ifndef PAIR_REALIGN_H
#define PAIR_REALIGN_H

#include "pair/pair.h"

/*
 * Aligns the primary, and reads it again. Does nothing for a primary of another MAC, or one that is set down for XDP. Sets pair->realign and
 * pair->retry_ns where it failed for a reason that may pass, pair->mtu_refused where the primary is of no use. Logs what failed. Sends requests,
 * which wait for RTNL.
 */
void pair_realign(struct world *world, struct pair *pair);

/* Gives the standby of a net_failover pair its owner's promiscuity, with a primary or without. Of a plain pair it is the owner itself. */
void pair_realign_standby(struct world *world, struct pair *pair);

#endif
