/* SPDX-License-Identifier: GPL-2.0-only */
/* pair_realign: aligns a pair's primary with its standby (align.h), and handles the result. */
#ifndef PAIR_REALIGN_H
#define PAIR_REALIGN_H

#include "pair/pair.h"

/*
 * Aligns the primary and reads it again. Does nothing for a primary with another MAC, or one that
 * is set down for XDP. Sets pair->realign and pair->retry_ns after a temporary failure,
 * pair->mtu_refused if the primary cannot be used. Logs what failed. Sends requests, which wait for
 * RTNL.
 */
void pair_realign(struct world *world, struct pair *pair);

/*
 * Gives the standby of a net_failover pair its owner's promiscuity, with or without a primary. In a
 * plain pair it is the owner itself.
 */
void pair_realign_standby(struct world *world, struct pair *pair);

#endif
