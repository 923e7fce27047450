/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * own_macs: the unicast MACs that a standby receives besides its own: of macvlans, of VLANs with a
 * MAC of their own, of ports. Group frames from these MACs come back over the inactive wire, where
 * the receive rule drops them (map own_macs, bpf/steer_receive.h).
 */
#ifndef PAIR_OWN_MACS_H
#define PAIR_OWN_MACS_H

#include "maps/pins.h"
#include "netdev/mac_list.h"

/*
 * Handles what the map has for @slot: with @keep, reads it into @ret, which the caller
 * zero-initialises and frees; else deletes it. Returns 0 or -errno.
 */
int own_macs_open(const struct pins *pins, unsigned slot, bool keep, struct mac_list *ret);

/*
 * Sets the map for @slot, which has @known, to the unicast MACs of @received (the standby's receive
 * lists) other than @mac, and updates @known. Returns 0; -E2BIG: the map has no room for all of
 * them; or another -errno. The next call tries again what failed.
 */
int own_macs_update(const struct pins *pins, unsigned slot, const struct mac_list *received,
		    const uint8_t mac[ETH_ALEN], struct mac_list *known);

#endif
