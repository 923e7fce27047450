/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * own_macs: the unicast MACs that a standby receives beside its own: of macvlans, of VLANs with a MAC of their own, of ports. Group frames
 * from these MACs come back over the inactive wire, and the receive rule drops them there (map own_macs, bpf/steer.bpf.c).
 */
#ifndef PAIR_OWN_MACS_H
#define PAIR_OWN_MACS_H

#include "maps/pins.h"
#include "netdev/mac_list.h"

/*
 * What the map has for @slot: with @keep read into @ret, which is zero-initialised and the caller's to free, else deleted. Returns 0 or
 * -errno.
 */
int own_macs_open(const struct pins *pins, unsigned slot, bool keep, struct mac_list *ret);

/*
 * Brings the map for @slot, which has @known, to the unicast MACs of @received (the standby's receive lists) other than @mac, and @known with it.
 * Returns 0; -E2BIG: the map has no room for all of them; or another -errno. What could not be done is tried again by the next call.
 */
int own_macs_update(const struct pins *pins, unsigned slot, const struct mac_list *received,
		    const uint8_t mac[ETH_ALEN], struct mac_list *known);

#endif
