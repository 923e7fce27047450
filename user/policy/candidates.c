/* SPDX-License-Identifier: GPL-2.0-only */
#include "policy/candidates.h"
#include "base/mac.h"

#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>

/* Of devices on devices: a VLAN on a bridge on a VLAN ... The kernel's MAX_NEST_DEV. */
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

const struct netdev *candidates_net_failover(const struct netdev *device, const struct netdev *const *devices,
					     size_t count)
{
	for (size_t i = 0; i < count && device->master; i++)
		if (devices[i]->ifindex == device->master)
			return !strcmp(devices[i]->driver, "net_failover") ? devices[i] : NULL;
	return NULL;
}

/* A VLAN, macvlan or bridge of the standby's has its MAC by right. */
static bool candidates_is_above(const struct netdev *const *devices, size_t count, const struct netdev *device,
				const struct netdev *standby, unsigned depth)
{
	if (device->link == standby->ifindex || standby->master == device->ifindex)
		return true;
	/* An internal port of Open vSwitch says nothing of the ports beside it. */
	if (!strcmp(device->kind, "openvswitch") && !strcmp(standby->slave_kind, "openvswitch"))
		return true;
	if (!depth)
		return false;
	for (size_t i = 0; i < count; i++)
		if ((devices[i]->ifindex == device->link || devices[i]->master == device->ifindex) &&
		    candidates_is_above(devices, count, devices[i], standby, depth - 1))
			return true;
	return false;
}

bool candidates_are_stacked(const struct netdev *const *devices, size_t count, const struct netdev *a, const struct netdev *b)
{
	return candidates_is_above(devices, count, a, b, CANDIDATES_STACK_DEPTH) ||
	       candidates_is_above(devices, count, b, a, CANDIDATES_STACK_DEPTH);
}

/* A device with the permanent MAC of some virtio-net device belongs with that one. */
static bool candidates_is_spoken_for(const struct candidates_view *view, const struct netdev *device)
{
	for (size_t i = 0; i < view->count; i++)
		if (view->devices[i] != device && candidates_is_virtio(view->devices[i]) &&
		    !memcmp(view->devices[i]->permanent_mac, device->permanent_mac, ETH_ALEN))
			return true;
	return false;
}

/* Hardware, but not of the standby's permanent MAC. */
static enum candidate_verdict candidates_judge_stranger(const struct candidates_view *view, const struct netdev *device,
							bool claims)
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

enum candidate_verdict candidates_judge_owners(const struct candidates_view *view, const struct netdev *standby,
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
	return candidates_contain(view->contested, device->ifindex) ? CANDIDATE_CONTESTED : CANDIDATE_FIT;
}

static enum candidate_verdict candidates_judge(const struct candidates_view *view, const struct netdev *standby,
					       const struct netdev *device)
{
	bool same = candidates_has_permanent_mac(standby) &&
		    !memcmp(device->permanent_mac, standby->permanent_mac, ETH_ALEN);
	bool claims = same || !memcmp(device->mac, standby->mac, ETH_ALEN);

	if (device->ifindex == standby->ifindex || device->hardware_type != ARPHRD_ETHER)
		return CANDIDATE_UNLIKE;
	if (!strcmp(device->driver, "net_failover") || candidates_net_failover(device, view->devices, view->count))
		return claims ? CANDIDATE_NET_FAILOVER : CANDIDATE_UNLIKE;
	if (device->kind[0])
		return claims && !candidates_is_above(view->devices, view->count, device, standby, CANDIDATES_STACK_DEPTH)
			       ? CANDIDATE_SOFTWARE
			       : CANDIDATE_UNLIKE;
	if (!device->pci_address[0])
		return claims ? CANDIDATE_NOT_ON_PCI : CANDIDATE_UNLIKE;
	if (!same)
		return candidates_judge_stranger(view, device, claims);
	return candidates_contain(view->taken, device->ifindex) ? CANDIDATE_TAKEN :
								  candidates_judge_owners(view, standby, device);
}

/* "10000:e1:00.0" is higher than "0000:e1:00.0": all parts but the first have one width. */
static int candidates_compare_addresses(const struct netdev *a, const struct netdev *b)
{
	size_t a_length = strlen(a->pci_address), b_length = strlen(b->pci_address);

	if (a_length != b_length)
		return a_length < b_length ? -1 : 1;
	return strcmp(a->pci_address, b->pci_address);
}

/* Why @a comes before @b, use left aside; CANDIDATE_FIT: it does not. */
static enum candidate_verdict candidates_prefer(const struct netdev *a, const struct netdev *b)
{
	int order = candidates_compare_addresses(a, b);

	if (candidates_is_virtio(a) != candidates_is_virtio(b))
		return candidates_is_virtio(b) ? CANDIDATE_VIRTIO : CANDIDATE_FIT;
	return order < 0 || (!order && a->ifindex < b->ifindex) ? CANDIDATE_HIGHER_ADDRESS : CANDIDATE_FIT;
}

bool candidates_is_better(const struct candidates_view *view, const struct netdev *a, const struct netdev *b)
{
	bool a_in_use = candidates_contain(view->in_use, a->ifindex), b_in_use = candidates_contain(view->in_use, b->ifindex);

	return a_in_use != b_in_use ? a_in_use : candidates_prefer(a, b) != CANDIDATE_FIT;
}

const struct netdev *candidates_choose(const struct candidates_view *view, const struct netdev *standby)
{
	const struct netdev *best = NULL;

	for (size_t i = 0; i < view->count; i++) {
		const struct netdev *device = view->devices[i];

		if (candidates_judge(view, standby, device) == CANDIDATE_FIT &&
		    (!best || candidates_is_better(view, device, best)))
			best = device;
	}
	return best;
}

/* Of the device that a named primary is by name or identity; CANDIDATE_UNLIKE: it is neither. */
static enum candidate_verdict candidates_judge_named(const struct candidates_view *view, const struct netdev *standby,
						     const struct candidates_named *named, const struct netdev *device)
{
	bool is_called = identity_is_called(device, named->name_hash), is_pinned = identity_is_pinned(&named->identity);
	bool matches = is_pinned && identity_matches(&named->identity, device, standby, is_called);

	if (device == standby || (!is_called && !matches) || candidates_contain(view->taken, device->ifindex))
		return CANDIDATE_UNLIKE;
	return is_pinned && !matches ? CANDIDATE_OTHER_IDENTITY : candidates_judge_owners(view, standby, device);
}

/* Why @device is not the primary; CANDIDATE_UNLIKE: not worth a word. */
static enum candidate_verdict candidates_judge_other(const struct candidates_view *view, const struct netdev *standby,
						     const struct netdev *primary, const struct candidates_named *named,
						     const struct netdev *device)
{
	enum candidate_verdict verdict;

	if (named->name_hash) {
		verdict = candidates_judge_named(view, standby, named, device);
		/* About to become the primary. */
		if (verdict == CANDIDATE_FIT)
			return CANDIDATE_UNLIKE;
		if (verdict != CANDIDATE_UNLIKE)
			return verdict;
		return candidates_judge(view, standby, device) == CANDIDATE_FIT ? CANDIDATE_NOT_NAMED : CANDIDATE_UNLIKE;
	}
	verdict = candidates_judge(view, standby, device);
	if (!primary)
		return verdict == CANDIDATE_FIT ? CANDIDATE_UNLIKE : verdict;
	if (verdict != CANDIDATE_FIT)
		return CANDIDATE_UNLIKE;
	verdict = candidates_prefer(primary, device);
	return verdict == CANDIDATE_FIT ? CANDIDATE_LATER : verdict;
}

size_t candidates_others(const struct candidates_view *view, const struct netdev *standby, const struct netdev *primary,
			 const struct candidates_named *named, struct candidate *others, size_t size)
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

const char *candidates_word(enum candidate_verdict verdict)
{
	static const char *const words[] = {
		[CANDIDATE_UNLIKE] = "unlike",
		[CANDIDATE_FIT] = "fit",
		[CANDIDATE_LATER] = "another is in use",
		[CANDIDATE_VIRTIO] = "a virtio device",
		[CANDIDATE_HIGHER_ADDRESS] = "higher PCI address",
		[CANDIDATE_NOT_NAMED] = "another is named",
		[CANDIDATE_TAKEN] = "in another pair",
		[CANDIDATE_NET_FAILOVER] = "owned by net_failover",
		[CANDIDATE_SOFTWARE] = "not hardware",
		[CANDIDATE_NOT_ON_PCI] = "not on PCI",
		[CANDIDATE_MAC_SET] = "MAC only set",
		[CANDIDATE_NO_MAC] = "no permanent MAC",
		[CANDIDATE_OTHER_MAC] = "another MAC",
		[CANDIDATE_HAS_MASTER] = "has a master",
		[CANDIDATE_HAS_ADDRESSES] = "has addresses",
		[CANDIDATE_CONTESTED] = "contested",
		[CANDIDATE_OTHER_IDENTITY] = "another device of its name",
		[CANDIDATE_HAS_UPPER] = "has a device on it",
		[CANDIDATE_STACKED] = "stacked",
	};

	return words[verdict];
}

static void candidates_explain_master(const struct candidates_view *view, const struct netdev *device,
				      const struct netdev *standby, char ret[CANDIDATES_TEXT_SIZE])
{
	const char *master = "another device";

	for (size_t i = 0; i < view->count; i++)
		if (view->devices[i]->ifindex == device->master)
			master = view->devices[i]->name;
	if (standby->master == device->master)
		snprintf(ret, CANDIDATES_TEXT_SIZE, "both it and %s are ports of %s: take it out: ip link set %s nomaster", standby->name,
			 master, device->name);
	else
		snprintf(ret, CANDIDATES_TEXT_SIZE, "a port of %s: take it out if it is to carry the traffic of %s: ip link set %s nomaster",
			 master, standby->name, device->name);
}

static void candidates_explain_address(const struct candidates_view *view, const struct netdev *device,
				       const struct netdev *standby, char ret[CANDIDATES_TEXT_SIZE])
{
	const struct netdev_address *address = owners_find(&view->addresses, device, standby, OWNERS_FOREIGN);
	char text[OWNERS_ADDRESS_SIZE] = "";

	if (address)
		owners_write(address, text);
	snprintf(ret, CANDIDATES_TEXT_SIZE,
		 "it has the address %s, which %s has not: move it there: ip address del %s dev %s; ip address add %s dev %s", text,
		 standby->name, text, device->name, text, standby->name);
}

static void candidates_explain_upper(const struct candidates_view *view, const struct netdev *device, const struct netdev *standby,
				     char ret[CANDIDATES_TEXT_SIZE])
{
	const struct netdev *upper = owners_find_upper(view->devices, view->count, device);
	const char *name = upper ? upper->name : "another device";

	snprintf(ret, CANDIDATES_TEXT_SIZE, "the %s %s is on it, and would receive nothing: make it on %s instead: ip link delete %s",
		 upper ? upper->kind : "device", name, standby->name, name);
}

void candidates_explain(const struct candidates_view *view, const struct candidate *other, const struct netdev *standby,
			const struct netdev *primary, char ret[CANDIDATES_TEXT_SIZE])
{
	const struct netdev *device = other->device;
	const char *chosen = primary ? primary->name : "another";
	char remedy[96], host_remedy[192], permanent[MAC_TEXT_SIZE], pinned[IDENTITY_TEXT_SIZE] = "";

	mac_write(device->permanent_mac, permanent);
	snprintf(remedy, sizeof(remedy), "name it if it is meant: --pair %s=%s", standby->name, device->name);
	snprintf(host_remedy, sizeof(host_remedy),
		 "if it is the VF, give it the standby's MAC on the host, or use --pair %s=%s", standby->name,
		 device->name);
	switch (other->verdict) {
	case CANDIDATE_UNLIKE:
	case CANDIDATE_FIT:
		*ret = '\0';
		break;
	case CANDIDATE_LATER:
		snprintf(ret, CANDIDATES_TEXT_SIZE, "of the same permanent MAC, but %s was there first and stays",
			 chosen);
		break;
	case CANDIDATE_VIRTIO:
		snprintf(ret, CANDIDATES_TEXT_SIZE, "of the same permanent MAC, but a virtio device, which %s is not",
			 chosen);
		break;
	case CANDIDATE_HIGHER_ADDRESS:
		snprintf(ret, CANDIDATES_TEXT_SIZE, "of the same permanent MAC, but %s has the lower PCI address",
			 chosen);
		break;
	case CANDIDATE_NOT_NAMED:
		snprintf(ret, CANDIDATES_TEXT_SIZE, "of the same permanent MAC, but %s is named by the configuration",
			 chosen);
		break;
	case CANDIDATE_TAKEN:
		snprintf(ret, CANDIDATES_TEXT_SIZE, "of the same permanent MAC, but part of another pair");
		break;
	case CANDIDATE_NET_FAILOVER:
		snprintf(ret, CANDIDATES_TEXT_SIZE, "of the same MAC, but the kernel's net_failover owns it");
		break;
	case CANDIDATE_SOFTWARE:
		snprintf(ret, CANDIDATES_TEXT_SIZE, "of the same MAC, but made of software (%s); %s", device->kind,
			 remedy);
		break;
	case CANDIDATE_NOT_ON_PCI:
		snprintf(ret, CANDIDATES_TEXT_SIZE, "of the same MAC, but %s%s, not on PCI; %s",
			 device->bus[0] ? "on the bus " : "on no bus", device->bus, remedy);
		break;
	case CANDIDATE_MAC_SET:
		snprintf(ret, CANDIDATES_TEXT_SIZE, "its MAC was only set, its permanent one is %s; %s", permanent,
			 host_remedy);
		break;
	case CANDIDATE_NO_MAC:
		snprintf(ret, CANDIDATES_TEXT_SIZE, "it has no permanent MAC; %s", host_remedy);
		break;
	case CANDIDATE_OTHER_MAC:
		snprintf(ret, CANDIDATES_TEXT_SIZE, "its permanent MAC is %s; %s", permanent, host_remedy);
		break;
	case CANDIDATE_HAS_MASTER:
		candidates_explain_master(view, device, standby, ret);
		break;
	case CANDIDATE_HAS_ADDRESSES:
		candidates_explain_address(view, device, standby, ret);
		break;
	case CANDIDATE_CONTESTED:
		snprintf(ret, CANDIDATES_TEXT_SIZE,
			 "somebody kept changing what vfsteer sets on it (addresses, ARP, IPv6): keep the network manager off it (Unmanaged=yes), then restart vfsteer");
		break;
	case CANDIDATE_OTHER_IDENTITY:
		if (other->identity)
			identity_describe(other->identity, pinned);
		snprintf(ret, CANDIDATES_TEXT_SIZE,
			 "it has the primary's name only: that was the device with the %s; if this one is meant: 'vfsteer unload', then start vfsteer again",
			 pinned);
		break;
	case CANDIDATE_HAS_UPPER:
		candidates_explain_upper(view, device, standby, ret);
		break;
	case CANDIDATE_STACKED:
		snprintf(ret, CANDIDATES_TEXT_SIZE,
			 "one of it and %s is made on the other, so what one sends the other would send again: name the VF after the '='",
			 standby->name);
		break;
	}
}
