/* SPDX-License-Identifier: GPL-2.0-only */
#include "policy/candidates.h"

#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>

/* Devices above each other: a VLAN on a bridge on a VLAN ... The kernel's MAX_NEST_DEV. */
#define CANDIDATES_STACK_DEPTH 8

bool candidates_is_virtio(const struct netdev *device)
{
	return !strcmp(device->driver, "virtio_net");
}

bool candidates_has_permanent_mac(const struct netdev *device)
{
	static const uint8_t none[ETH_ALEN];

	return memcmp(device->permanent_mac, none, ETH_ALEN);
}

static bool candidates_contain(const int *list, int ifindex)
{
	for (; list && *list; list++)
		if (*list == ifindex)
			return true;
	return false;
}

const struct netdev *candidates_net_failover(const struct netdev *device,
					     const struct netdev *const *devices, size_t count)
{
	for (size_t i = 0; i < count && device->master; i++)
		if (devices[i]->ifindex == device->master)
			return !strcmp(devices[i]->driver, "net_failover") ? devices[i] : NULL;
	return NULL;
}

const struct netdev *candidates_standby_of(const struct netdev *master,
					   const struct netdev *const *devices, size_t count)
{
	const struct netdev *found = NULL;

	if (strcmp(master->driver, "net_failover"))
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (devices[i]->master != master->ifindex || !candidates_is_virtio(devices[i]))
			continue;
		/*
		 * If sysfs is that of another namespace, neither has an address. The VF comes last.
		 */
		if (!strcmp(devices[i]->pci_address, master->pci_address))
			return devices[i];
		if (!found && !master->pci_address[0])
			found = devices[i];
	}
	return found;
}

/*
 * Are both slaves of one net_failover master, or is @device that master? Then the kernel has
 * decided.
 */
static bool candidates_are_failover_kin(const struct candidates_view *view,
					const struct netdev *standby, const struct netdev *device)
{
	return candidates_net_failover(standby, view->devices, view->count) &&
	       (device->master == standby->master || device->ifindex == standby->master);
}

/* A VLAN, macvlan or bridge above the standby has its MAC legitimately. */
static bool candidates_is_above(const struct netdev *const *devices, size_t count,
				const struct netdev *device, const struct netdev *standby,
				unsigned depth)
{
	if (device->link == standby->ifindex || standby->master == device->ifindex)
		return true;
	/* An internal port of Open vSwitch is not above the other ports. */
	if (!strcmp(device->kind, "openvswitch") && !strcmp(standby->slave_kind, "openvswitch"))
		return true;
	if (!depth)
		return false;
	for (size_t i = 0; i < count; i++)
		if ((devices[i]->ifindex == device->link ||
		     devices[i]->master == device->ifindex) &&
		    candidates_is_above(devices, count, devices[i], standby, depth - 1))
			return true;
	return false;
}

bool candidates_are_stacked(const struct netdev *const *devices, size_t count,
			    const struct netdev *a, const struct netdev *b)
{
	return candidates_is_above(devices, count, a, b, CANDIDATES_STACK_DEPTH) ||
	       candidates_is_above(devices, count, b, a, CANDIDATES_STACK_DEPTH);
}

/* A device with the permanent MAC of another virtio-net device belongs to that one. */
static bool candidates_is_spoken_for(const struct candidates_view *view,
				     const struct netdev *device)
{
	for (size_t i = 0; i < view->count; i++)
		if (view->devices[i] != device && candidates_is_virtio(view->devices[i]) &&
		    !memcmp(view->devices[i]->permanent_mac, device->permanent_mac, ETH_ALEN))
			return true;
	return false;
}

/* Hardware, but not with the standby's permanent MAC. */
static enum candidate_verdict candidates_judge_stranger(const struct candidates_view *view,
							const struct netdev *device, bool claims)
{
	if (claims)
		return candidates_has_permanent_mac(device) ? CANDIDATE_MAC_SET : CANDIDATE_NO_MAC;
	if (candidates_is_virtio(device) || candidates_contain(view->in_use, device->ifindex) ||
	    candidates_contain(view->taken, device->ifindex))
		return CANDIDATE_UNLIKE;
	if (!candidates_has_permanent_mac(device))
		return CANDIDATE_NO_MAC;
	return candidates_is_spoken_for(view, device) ? CANDIDATE_UNLIKE : CANDIDATE_OTHER_MAC;
}

enum candidate_verdict candidates_judge_owners(const struct candidates_view *view,
					       const struct netdev *standby,
					       const struct netdev *device)
{
	if (candidates_are_stacked(view->devices, view->count, standby, device))
		return CANDIDATE_STACKED;
	if (device->master)
		return CANDIDATE_HAS_MASTER;
	if (owners_find_upper(view->devices, view->count, device))
		return CANDIDATE_HAS_UPPER;
	if (owners_find(&view->addresses, device, standby, OWNERS_FOREIGN))
		return CANDIDATE_HAS_ADDRESSES;
	return candidates_contain(view->contested, device->ifindex) ? CANDIDATE_CONTESTED
								    : CANDIDATE_FIT;
}

static enum candidate_verdict candidates_judge(const struct candidates_view *view,
					       const struct netdev *standby,
					       const struct netdev *device)
{
	bool same = candidates_has_permanent_mac(standby) &&
		    !memcmp(device->permanent_mac, standby->permanent_mac, ETH_ALEN);
	bool claims = same || !memcmp(device->mac, standby->mac, ETH_ALEN);

	if (device->ifindex == standby->ifindex || device->hardware_type != ARPHRD_ETHER ||
	    candidates_are_failover_kin(view, standby, device))
		return CANDIDATE_UNLIKE;
	if (!strcmp(device->driver, "net_failover") ||
	    candidates_net_failover(device, view->devices, view->count))
		return claims ? CANDIDATE_NET_FAILOVER : CANDIDATE_UNLIKE;
	if (device->kind[0])
		return claims && !candidates_is_above(view->devices, view->count, device, standby,
						      CANDIDATES_STACK_DEPTH)
			       ? CANDIDATE_SOFTWARE
			       : CANDIDATE_UNLIKE;
	if (!device->pci_address[0])
		return claims ? CANDIDATE_NOT_ON_PCI : CANDIDATE_UNLIKE;
	if (!same)
		return candidates_judge_stranger(view, device, claims);
	return candidates_contain(view->taken, device->ifindex)
		       ? CANDIDATE_TAKEN
		       : candidates_judge_owners(view, standby, device);
}

/* "10000:e1:00.0" is higher than "0000:e1:00.0": all parts but the first have one width. */
static int candidates_compare_addresses(const struct netdev *a, const struct netdev *b)
{
	size_t a_length = strlen(a->pci_address), b_length = strlen(b->pci_address);

	if (a_length != b_length)
		return a_length < b_length ? -1 : 1;
	return strcmp(a->pci_address, b->pci_address);
}

/* Why @a comes before @b, whether in use or not; CANDIDATE_FIT: it does not. */
static enum candidate_verdict candidates_prefer(const struct netdev *a, const struct netdev *b)
{
	int order = candidates_compare_addresses(a, b);

	if (candidates_is_virtio(a) != candidates_is_virtio(b))
		return candidates_is_virtio(b) ? CANDIDATE_VIRTIO : CANDIDATE_FIT;
	return order < 0 || (!order && a->ifindex < b->ifindex) ? CANDIDATE_HIGHER_ADDRESS
								: CANDIDATE_FIT;
}

bool candidates_is_better(const struct candidates_view *view, const struct netdev *a,
			  const struct netdev *b)
{
	bool a_in_use = candidates_contain(view->in_use, a->ifindex),
	     b_in_use = candidates_contain(view->in_use, b->ifindex);

	return a_in_use != b_in_use ? a_in_use : candidates_prefer(a, b) != CANDIDATE_FIT;
}

/* Returns the other slave of net_failover's @master. */
static const struct netdev *candidates_choose_slave(const struct candidates_view *view,
						    const struct netdev *master,
						    const struct netdev *standby)
{
	for (size_t i = 0; i < view->count; i++)
		if (view->devices[i]->master == master->ifindex &&
		    view->devices[i]->ifindex != standby->ifindex &&
		    view->devices[i]->hardware_type == ARPHRD_ETHER)
			return candidates_contain(view->contested, view->devices[i]->ifindex)
				       ? NULL
				       : view->devices[i];
	return NULL;
}

const struct netdev *candidates_choose(const struct candidates_view *view,
				       const struct netdev *standby)
{
	const struct netdev *master = candidates_net_failover(standby, view->devices, view->count),
			    *best = NULL;

	if (master)
		return candidates_choose_slave(view, master, standby);
	for (size_t i = 0; i < view->count; i++) {
		const struct netdev *device = view->devices[i];

		if (candidates_judge(view, standby, device) == CANDIDATE_FIT &&
		    (!best || candidates_is_better(view, device, best)))
			best = device;
	}
	return best;
}

/*
 * Judges a device with the name or identity of a named primary; CANDIDATE_UNLIKE: it has neither.
 */
static enum candidate_verdict candidates_judge_named(const struct candidates_view *view,
						     const struct netdev *standby,
						     const struct candidates_named *named,
						     const struct netdev *device)
{
	bool is_called = identity_is_called(device, named->name_hash),
	     is_pinned = identity_is_pinned(&named->identity);
	bool matches = is_pinned && identity_matches(&named->identity, device, standby, is_called);

	if (device == standby || (!is_called && !matches) ||
	    candidates_contain(view->taken, device->ifindex))
		return CANDIDATE_UNLIKE;
	return is_pinned && !matches ? CANDIDATE_OTHER_IDENTITY
				     : candidates_judge_owners(view, standby, device);
}

/* Returns why @device is not the primary; CANDIDATE_UNLIKE: not worth mentioning. */
static enum candidate_verdict candidates_judge_other(const struct candidates_view *view,
						     const struct netdev *standby,
						     const struct netdev *primary,
						     const struct candidates_named *named,
						     const struct netdev *device)
{
	enum candidate_verdict verdict;

	if (named->name_hash) {
		verdict = candidates_judge_named(view, standby, named, device);
		/* It will become the primary. */
		if (verdict == CANDIDATE_FIT)
			return CANDIDATE_UNLIKE;
		if (verdict != CANDIDATE_UNLIKE)
			return verdict;
		return candidates_judge(view, standby, device) == CANDIDATE_FIT
			       ? CANDIDATE_NOT_NAMED
			       : CANDIDATE_UNLIKE;
	}
	verdict = candidates_judge(view, standby, device);
	if (!primary)
		return verdict == CANDIDATE_FIT ? CANDIDATE_UNLIKE : verdict;
	if (verdict != CANDIDATE_FIT)
		return CANDIDATE_UNLIKE;
	verdict = candidates_prefer(primary, device);
	return verdict == CANDIDATE_FIT ? CANDIDATE_LATER : verdict;
}

size_t candidates_others(const struct candidates_view *view, const struct netdev *standby,
			 const struct netdev *primary, const struct candidates_named *named,
			 struct candidate *others, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < view->count; i++) {
		struct candidate other = { .device = view->devices[i] };

		if (other.device == primary)
			continue;
		other.verdict = candidates_judge_other(view, standby, primary, named, other.device);
		if (other.verdict == CANDIDATE_UNLIKE)
			continue;
		if (other.verdict == CANDIDATE_OTHER_IDENTITY)
			other.identity = &named->identity;
		if (count < size)
			others[count] = other;
		count++;
	}
	return count;
}
