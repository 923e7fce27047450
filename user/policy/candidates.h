/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * candidates: which device is a standby's primary when none was named, and why each other that looks like one is not.
 * Pure.
 *
 * A primary is an Ethernet device with the standby's permanent MAC (IFLA_PERM_ADDRESS, Linux 5.6) that sits on PCI itself:
 * hardware whose MAC the host gave it. The kernel keeps no permanent MAC for a device that got its own from a user or by
 * chance (NET_ADDR_SET, NET_ADDR_RANDOM), so neither a veth nor a VF without an assigned MAC can match. Software devices
 * (IFLA_INFO_KIND) are refused all the same, since an ipvlan inherits the permanent one, and so are devices on USB and
 * other buses, even if that bus hangs on PCI. Physical functions are not told from virtual ones: a host may pass a whole
 * port through.
 *
 * None of them may be somebody else's: one with a master (bond, bridge, team, VRF), with a device on it (macvlan, VLAN) or with
 * an address that its standby has not (owners.h) is left alone, named or not, in use or not; so is one whose settings somebody kept changing (guard.h).
 * A named primary is the device that it was at its first use (identity.h).
 *
 * Of several, the one in use stays; then one that is no virtio device comes first, then the lowest PCI address. Carrier does
 * not count: a new device is down and has none.
 *
 * Under net_failover the kernel has chosen: the primary is the other slave of the standby's master.
 */
#ifndef POLICY_CANDIDATES_H
#define POLICY_CANDIDATES_H

#include "netdev/netdev.h"
#include "policy/identity.h"
#include "policy/owners.h"

#define CANDIDATES_TEXT_SIZE 320

/* What is asked about; the arrays end with 0, and NULL is an empty one. */
struct candidates_view {
	const struct netdev *const *devices;
	size_t count;
	const int *in_use; /* ifindexes of primaries in use */
	const int *taken;  /* ifindexes of devices that are part of other pairs */
	const int *contested; /* ifindexes of devices that were given up as primaries: see guard.h */
	struct owners_addresses addresses; /* all there are */
};

enum candidate_verdict {
	CANDIDATE_UNLIKE,	  /* nothing speaks for it */
	CANDIDATE_FIT,		  /* may be the primary */
	CANDIDATE_LATER,	  /* fit, but another is in use */
	CANDIDATE_VIRTIO,	  /* fit, but another is no virtio device */
	CANDIDATE_HIGHER_ADDRESS, /* fit, but another has the lower PCI address */
	CANDIDATE_NOT_NAMED,	  /* fit, but the primary was named */
	CANDIDATE_TAKEN,	  /* part of another pair */
	CANDIDATE_NET_FAILOVER,	  /* the kernel's net_failover owns it */
	CANDIDATE_SOFTWARE,	  /* of the same MAC, but a veth, macvlan, tap ... */
	CANDIDATE_NOT_ON_PCI,	  /* of the same MAC, but on USB or another bus, or on none */
	CANDIDATE_MAC_SET,	  /* hardware with the same MAC, which is not its permanent one */
	CANDIDATE_NO_MAC,	  /* hardware without a permanent MAC */
	CANDIDATE_OTHER_MAC,	  /* hardware of a permanent MAC that belongs to no virtio-net device */
	CANDIDATE_HAS_MASTER,	  /* enslaved to a bond, bridge, team, VRF ... */
	CANDIDATE_HAS_ADDRESSES,  /* with an address that the standby has not */
	CANDIDATE_CONTESTED,	  /* somebody kept undoing what we set on it */
	CANDIDATE_OTHER_IDENTITY, /* called as the named primary, and not what that was */
	CANDIDATE_HAS_UPPER,	  /* with somebody else's macvlan, VLAN ... on it */
	CANDIDATE_STACKED,	  /* above or below the standby: what one of them sends the other would send again */
};

/* How the configuration names the primary, and what that was at its first use. */
struct candidates_named {
	uint32_t name_hash; /* identity_hash_name; 0: it does not name it */
	struct identity identity;
};


struct candidate {
	const struct netdev *device;
	enum candidate_verdict verdict;
	const struct identity *identity; /* of CANDIDATE_OTHER_IDENTITY: what was pinned */
};

/* Driver is virtio-net's. */
bool candidates_is_virtio(const struct netdev *device);

/* The kernel has told a permanent MAC. */
bool candidates_has_permanent_mac(const struct netdev *device);

/* The net_failover device above @device, or NULL. */
const struct netdev *candidates_net_failover(const struct netdev *device, const struct netdev *const *devices,
					     size_t count);

/*
 * The standby of net_failover's @master: of its slaves the one on its own parent device, as the kernel tells them apart.
 * NULL: it is not there yet, or @master is another device.
 */
const struct netdev *candidates_standby_of(const struct netdev *master, const struct netdev *const *devices, size_t count);

/* Was one of the two made on the other, at whatever depth, or are they the ends of one veth? */
bool candidates_are_stacked(const struct netdev *const *devices, size_t count, const struct netdev *a, const struct netdev *b);

/* Is @device the standby's own, or somebody else's? CANDIDATE_STACKED, CANDIDATE_HAS_MASTER, CANDIDATE_HAS_UPPER, CANDIDATE_HAS_ADDRESSES,
 * CANDIDATE_CONTESTED; or CANDIDATE_FIT. */
enum candidate_verdict candidates_judge_owners(const struct candidates_view *view, const struct netdev *standby,
					       const struct netdev *device);

/* Is @a, of two that fit, to be preferred to @b? Use first: that of two pairs with one MAC neither takes the other's. */
bool candidates_is_better(const struct candidates_view *view, const struct netdev *a, const struct netdev *b);

/* The primary of @standby, which has a permanent MAC; NULL: none fits. */
const struct netdev *candidates_choose(const struct candidates_view *view, const struct netdev *standby);

/*
 * The devices that are not @standby's primary although something speaks for them. With a @primary these are the other
 * fit ones; without (NULL) also those that were refused. @named: how the configuration names the primary, present or
 * not (its name_hash is 0: it was not): then only fit ones, and why a device of that name or identity is not the primary. Writes at most @size, in order of ifindex; returns how many there are.
 */
size_t candidates_others(const struct candidates_view *view, const struct netdev *standby, const struct netdev *primary,
			 const struct candidates_named *named, struct candidate *others, size_t size);

/* Why, in a few fixed words, for programs to compare; a static string. */
const char *candidates_word(enum candidate_verdict verdict);

/* Why and what to do about it, as half a sentence about @other. @primary: as above. */
void candidates_explain(const struct candidates_view *view, const struct candidate *other, const struct netdev *standby,
			const struct netdev *primary, char ret[CANDIDATES_TEXT_SIZE]);

#endif
