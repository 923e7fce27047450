/* SPDX-License-Identifier: GPL-2.0-only */
/* pairing: which devices belong together. Pure: it sees a list of devices and what was asked for, and decides. */
#ifndef PAIRING_H
#define PAIRING_H

#include "netdev.h"
#include "options.h"

struct pairing {
	int standby; /* ifindex */
	int primary; /* ifindex, 0: none now */
	bool named;  /* --pair named the primary: its MAC need not be the standby's */
	bool rx_direct; /* wished for, see direct.h */
};

enum pairing_refusal {
	PAIRING_OK,
	PAIRING_NOT_ETHERNET,
	PAIRING_NET_FAILOVER, /* the kernel's net_failover owns the device */
	PAIRING_SAME_DEVICE,
	PAIRING_NO_MAC, /* no primary named, and the standby has no permanent MAC to find one by */
};

/* May @standby be the standby of a pair, with @primary (NULL: absent) as its named primary? */
enum pairing_refusal pairing_judge(const struct netdev *standby, const struct netdev *primary, bool primary_is_named,
				   const struct netdev *const *devices, size_t count);

/*
 * Pairs for @requested (@requested_count; none: every virtio-net device becomes a standby). A primary that is not named is found as
 * candidates.h says; @current are the primaries in use (0-terminated, may be NULL). Of two virtio-net devices with one MAC the one with the
 * lower ifindex is the standby. A device named in @requested, or found for an earlier pair, is nobody else's primary; @requested_count: up to
 * VFSTEER_MAX_PAIRS. Standbys that are missing or may not be one are left out. Writes at most @size pairings; returns how many.
 */
size_t pairing_find(const struct netdev *const *devices, size_t count, const struct options_pair *requested,
		    size_t requested_count, const int *current, struct pairing *pairings, size_t size);

#endif
