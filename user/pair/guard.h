/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * guard: keeps a primary silent, and without the standby's addresses. A network manager that
 * matches by MAC finds both devices, and sets the standby's address on the primary too. Then the
 * route over the primary may come first, and with ARP off each neighbour on it gets our own MAC.
 * The guard does not fight: a program that insists gets the device.
 */
#ifndef PAIR_GUARD_H
#define PAIR_GUARD_H

#include "pair/pair.h"

/*
 * Removes from @primary the addresses that the owner has as well, and with them their routes (with
 * the last address of a family, all of that family). Logs that, at most every 10 s. Returns how
 * many it removed.
 */
unsigned guard_strip(struct world *world, struct pair *pair, const struct netdev *standby,
		     const struct netdev *primary);

/*
 * Restores what another program has changed on @primary, which is prepared: addresses (as above),
 * ARP, IPv6. Logs each. Reads /proc only if pair->guard.due or a change is visible. Returns false
 * for the sixth time within 10 s: the caller gives the primary up.
 */
bool guard_keep(struct world *world, struct pair *pair, const struct netdev *standby,
		const struct netdev *primary);

#endif
