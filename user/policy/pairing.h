/* SPDX-License-Identifier: GPL-2.0-only */
/* pairing: which devices belong together. Pure: it sees a list of devices and what was asked for, and decides. */
#ifndef POLICY_PAIRING_H
#define POLICY_PAIRING_H

#include "netdev/netdev.h"
#include "policy/candidates.h"
#include "policy/identity.h"
#include "policy/options.h"
#include "vfsteer.h"

struct pairing {
	int standby; /* ifindex */
	int primary; /* ifindex, 0: none now */
	int owner;   /* ifindex of the device with the addresses: the standby, or net_failover's master */
	enum vfsteer_kind kind;
	bool named;  /* --pair named the primary: its MAC need not be the standby's */
	bool rx_direct; /* wished for, see direct.h */
	bool xdp_ignored; /* the standby's XDP program need not be on the primary: see xdp_mirror.h */
	enum options_egress egress; /* likewise */
	enum options_qdisc qdisc;   /* likewise, see pair_qdisc.h */
	struct announce_filter announced; /* as the configuration says, for the pair */
	struct path_wish path_check;      /* likewise */
	unsigned request;   /* which one it was made for; 0 where there are none */
	uint32_t name_hash; /* of a named primary: identity_hash_name of its name in the configuration, for the slot */
	struct identity identity; /* likewise: what is known of it */
};

/* What the devices of a request were at their first use: see identity.h. */
struct pairing_pinned {
	struct identity standby, primary;
};

enum pairing_refusal {
	PAIRING_OK,
	PAIRING_NOT_ETHERNET,
	PAIRING_NET_FAILOVER, /* one of the two is net_failover's, and not what it was named as */
	PAIRING_SAME_DEVICE,
	PAIRING_STACKED, /* one of the two is made on the other: their frames would circle */
	PAIRING_NO_MAC, /* no primary named, and the standby has no permanent MAC to find one by */
};

/* May @standby be the standby of a pair, with @primary (NULL: absent) as its named primary? */
enum pairing_refusal pairing_judge(const struct netdev *standby, const struct netdev *primary, bool primary_is_named,
				   const struct netdev *const *devices, size_t count);

/* @device, or the standby of the net_failover master that it is (NULL: none yet): a pair is named by either. */
const struct netdev *pairing_standby_of(const struct netdev *device, const struct netdev *const *devices, size_t count);

/* The device that @name names, by ifname or altname; NULL: none. */
const struct netdev *pairing_by_name(const struct candidates_view *view, const char *name);

/*
 * Pairs for @requested (@requested_count; none: every virtio-net device becomes a standby), of @view's devices; its in_use are the primaries
 * in use, its taken is not looked at. A primary that is not named is found as candidates.h says. Of two virtio-net devices with one MAC the
 * one with the lower ifindex is the standby. A device named in @requested, or found for an earlier pair, is nobody else's primary;
 * @requested_count: up to VFSTEER_MAX_PAIRS. @pinned (@requested_count, or NULL): a device of a request's name that is another one than was pinned
 * is not taken; a pinned primary is found under any name, and a pinned standby only under its own. Standbys that are missing or may not be one are
 * left out. Writes at most @size pairings; returns how many.
 */
size_t pairing_find(const struct candidates_view *view, const struct options_pair *requested, size_t requested_count,
		    const struct pairing_pinned *pinned, struct pairing *pairings, size_t size);

#endif
