/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * guard: keeps a primary as it was made: silent, and without the standby's addresses. A network manager that matches by
 * MAC finds both devices, and sets the standby's address on the primary too: then the primary's route may come first, and
 * with ARP off each neighbour on it gets our own MAC. Whoever insists gets the device: there is no fight.
 */
#ifndef PAIR_GUARD_H
#define PAIR_GUARD_H

#include "pair/pair.h"

/*
 * Takes the addresses that the pair's owner has as well from @primary, and with them their routes (with the last address of a
 * family, all of that family); says so, at most every 10 s. Returns how many were taken.
 */
unsigned guard_strip(struct world *world, struct pair *pair, const struct netdev *standby,
		     const struct netdev *primary);

/*
 * Puts right what somebody has changed on @primary, which is prepared: addresses (as above), ARP, IPv6; each is logged. Reads
 * /proc only when pair->guard.due or something is seen to be wrong. Returns false when this was the sixth time within 10 s:
 * the primary is then to be given up.
 */
bool guard_keep(struct world *world, struct pair *pair, const struct netdev *standby,
		const struct netdev *primary);

#endif
