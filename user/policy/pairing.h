/* SPDX-License-Identifier: GPL-2.0-only */
/* pairing: decides which devices are a pair, from a list of devices and the request. Pure. */
#ifndef POLICY_PAIRING_H
#define POLICY_PAIRING_H

#include "netdev/netdev.h"
#include "policy/candidates.h"
#include "policy/identity.h"
#include "policy/options.h"
#include "vfsteer.h"

struct pairing {
	int standby; /* ifindex */
	int primary; /* ifindex; 0: none */
	/* ifindex of the device with the addresses: the standby, or the master of net_failover */
	int owner;
	enum vfsteer_kind kind;
	bool named;  /* --pair named the primary: its MAC may differ from the standby's */
	bool rx_direct; /* requested: see direct.h */
	/* the primary need not have the standby's XDP program: see xdp_mirror.h */
	bool xdp_ignored;
	enum options_egress egress; /* as requested */
	enum options_qdisc qdisc;   /* the same: see pair_qdisc.h */
	struct announce_filter announced; /* the same, for this pair */
	struct path_requested path_check;      /* the same */
	unsigned request;   /* number of the request; 0 without requests */
	/* identity_hash_name of the configured name of the primary, for the slot */
	uint32_t name_hash;
	struct identity identity; /* of the named primary, the same */
};

/* The devices of a request at their first use: see identity.h. */
struct pairing_pinned {
	struct identity standby, primary;
};

enum pairing_refusal {
	PAIRING_OK,
	PAIRING_NOT_ETHERNET,
	/* one of the two belongs to net_failover, in another role than named */
	PAIRING_NET_FAILOVER,
	PAIRING_SAME_DEVICE,
	PAIRING_STACKED, /* one of the two was created on the other: frames would loop */
	PAIRING_NO_MAC, /* no primary named, and the standby has no permanent MAC to search for */
};

/*
 * May @standby be the standby of a pair with @primary (NULL: absent), which is named if
 * @primary_is_named? Returns PAIRING_OK or why not.
 */
enum pairing_refusal pairing_judge(const struct netdev *standby, const struct netdev *primary,
				   bool primary_is_named, const struct netdev *const *devices,
				   size_t count);

/*
 * Returns @device, or its standby (NULL: none yet) if @device is a master of net_failover. A pair
 * is named by either.
 */
const struct netdev *pairing_standby_of(const struct netdev *device,
					const struct netdev *const *devices, size_t count);

/* Returns the device of @name, an ifname or altname; NULL: none. */
const struct netdev *pairing_by_name(const struct candidates_view *view, const char *name);

/*
 * Finds the pairs for @requested (@requested_count, up to VFSTEER_MAX_PAIRS; 0: each virtio-net
 * device becomes a standby), among @view's devices. view->in_use has the primaries in use;
 * view->taken is not used. candidates.h finds a primary that is not named. Of two virtio-net
 * devices with one MAC the lower ifindex is the standby. A device in @requested, or in an earlier
 * pair, is not the primary of another. @pinned (@requested_count, or NULL): a device of a requested
 * name with another identity is rejected; a pinned primary is found under any name, a pinned
 * standby only under its own. Pairs whose standby is missing or not suitable are omitted. Writes at
 * most @size pairings. Returns how many.
 */
size_t pairing_find(const struct candidates_view *view, const struct options_pair *requested,
		    size_t requested_count, const struct pairing_pinned *pinned,
		    struct pairing *pairings, size_t size);

#endif
