/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * candidates: selects the primary of a standby if none was named, and says why each similar device
 * is not the primary. Pure. docs/internals/candidates.md describes the rules.
 *
 * A primary is an Ethernet device on PCI with the permanent MAC of the standby (IFLA_PERM_ADDRESS,
 * Linux 5.6). The kernel keeps no permanent MAC if the user set the MAC or it is random
 * (NET_ADDR_SET, NET_ADDR_RANDOM), so a veth, or a VF without a MAC from the host, cannot match.
 * Software devices (IFLA_INFO_KIND) are rejected as well, since an ipvlan inherits the permanent
 * MAC, and so are devices on USB and other buses, also below PCI. Physical functions are accepted:
 * a host may pass a whole NIC through.
 *
 * A device of another owner is rejected, named or not, in use or not: one with a master (bond,
 * bridge, team, VRF), with a device on it (macvlan, VLAN), with an address that the standby lacks
 * (owners.h), or with contested settings (guard.h). A named primary must be the device of its first
 * use (identity.h).
 *
 * Of several, the one in use stays. Then a device that is no virtio device comes first, then the
 * lowest PCI address. Carrier does not matter: a new device is down and has none.
 *
 * With net_failover the kernel has selected: the primary is the other slave of the standby's
 * master.
 */
#ifndef POLICY_CANDIDATES_H
#define POLICY_CANDIDATES_H

#include "netdev/netdev.h"
#include "policy/identity.h"
#include "policy/owners.h"

#define CANDIDATES_TEXT_SIZE 320

/* The input. The arrays end with 0; NULL is an empty one. */
struct candidates_view {
	const struct netdev *const *devices;
	size_t count;
	const int *in_use; /* ifindexes of primaries in use */
	const int *taken;  /* ifindexes of devices in other pairs */
	/* ifindexes of devices that were given up as primaries: see guard.h */
	const int *contested;
	struct owners_addresses addresses; /* all that exist */
};

enum candidate_verdict {
	CANDIDATE_UNLIKE,	  /* no candidate: nothing in common */
	CANDIDATE_FIT,		  /* may be the primary */
	CANDIDATE_LATER,	  /* fit, but another is in use */
	CANDIDATE_VIRTIO,	  /* fit, but another is no virtio device */
	CANDIDATE_HIGHER_ADDRESS, /* fit, but another has the lower PCI address */
	CANDIDATE_NOT_NAMED,	  /* fit, but the primary was named */
	CANDIDATE_TAKEN,	  /* part of another pair */
	CANDIDATE_NET_FAILOVER,	  /* the kernel's net_failover owns it */
	CANDIDATE_SOFTWARE,	  /* of the same MAC, but a veth, macvlan, tap ... */
	CANDIDATE_NOT_ON_PCI,	  /* of the same MAC, but on USB or another bus, or on none */
	/* hardware with the same MAC, but its permanent MAC is another one */
	CANDIDATE_MAC_SET,
	CANDIDATE_NO_MAC,	  /* hardware without permanent MAC */
	CANDIDATE_OTHER_MAC,	  /* hardware whose permanent MAC belongs to no virtio-net device */
	CANDIDATE_HAS_MASTER,	  /* enslaved to a bond, bridge, team, VRF ... */
	CANDIDATE_HAS_ADDRESSES,  /* with an address that the standby lacks */
	CANDIDATE_CONTESTED,	  /* another program kept changing our settings on it */
	CANDIDATE_OTHER_IDENTITY, /* has the name of the named primary, but is another device */
	CANDIDATE_HAS_UPPER,	  /* with a macvlan, VLAN ... on it that is not ours */
	CANDIDATE_STACKED,	  /* above or below the standby: frames would loop between them */
};

/* How the configuration names the primary, and what that was at its first use. */
struct candidates_named {
	uint32_t name_hash; /* see identity_hash_name; 0: not named */
	struct identity identity;
};


struct candidate {
	const struct netdev *device;
	enum candidate_verdict verdict;
	const struct identity *identity; /* CANDIDATE_OTHER_IDENTITY: the pinned identity */
};

/* Is virtio-net the driver? */
bool candidates_is_virtio(const struct netdev *device);

/* Did the kernel report a permanent MAC? */
bool candidates_has_permanent_mac(const struct netdev *device);

/* Returns the net_failover device above @device, or NULL. */
const struct netdev *candidates_net_failover(const struct netdev *device,
					     const struct netdev *const *devices, size_t count);

/*
 * Returns the standby of net_failover's @master: the slave on the same parent device, which is the
 * kernel's own test. NULL: it does not exist yet, or @master is another device.
 */
const struct netdev *candidates_standby_of(const struct netdev *master,
					   const struct netdev *const *devices, size_t count);

/* Was one of the two created on the other, at any depth, or are they the ends of one veth? */
bool candidates_are_stacked(const struct netdev *const *devices, size_t count,
			    const struct netdev *a, const struct netdev *b);

/*
 * Has @device another owner than @standby? Returns CANDIDATE_STACKED, CANDIDATE_HAS_MASTER,
 * CANDIDATE_HAS_UPPER, CANDIDATE_HAS_ADDRESSES, CANDIDATE_CONTESTED; or CANDIDATE_FIT.
 */
enum candidate_verdict candidates_judge_owners(const struct candidates_view *view,
					       const struct netdev *standby,
					       const struct netdev *device);

/*
 * Of two that fit, is @a preferred to @b? A device in use comes first, so that of two pairs with
 * one MAC each keeps its primary.
 */
bool candidates_is_better(const struct candidates_view *view, const struct netdev *a,
			  const struct netdev *b);

/* Returns the primary of @standby, which has a permanent MAC; NULL: no device fits. */
const struct netdev *candidates_choose(const struct candidates_view *view,
				       const struct netdev *standby);

/*
 * Lists the other candidates of @standby. With a @primary these are the other devices that fit;
 * without one (NULL) also the rejected ones. @named: how the configuration names the primary,
 * present or not (name_hash 0: it does not). Then the list has only devices that fit, and devices
 * of that name or identity that are not the primary. Writes at most @size, in order of ifindex.
 * Returns how many there are.
 */
size_t candidates_others(const struct candidates_view *view, const struct netdev *standby,
			 const struct netdev *primary, const struct candidates_named *named,
			 struct candidate *others, size_t size);

/* Returns the reason as a few fixed words, for programs to compare; a static string. */
const char *candidates_word(enum candidate_verdict verdict);

/* Writes the reason and the remedy, as a clause about @other. @primary: as above. */
void candidates_explain(const struct candidates_view *view, const struct candidate *other,
			const struct netdev *standby, const struct netdev *primary,
			char ret[CANDIDATES_TEXT_SIZE]);

#endif
