/* SPDX-License-Identifier: GPL-2.0-only */
#include "candidates.h"
#include "mac.h"

#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>

/* Of devices on devices: a VLAN on a bridge on a VLAN ... */
#define CANDIDATES_STACK_DEPTH 5

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
static bool candidates_is_above(const struct candidates_view *view, const struct netdev *device,
				const struct netdev *standby, unsigned depth)
{
	if (device->link == standby->ifindex || standby->master == device->ifindex)
		return true;
	if (!depth)
		return false;
	for (size_t i = 0; i < view->count; i++) {
		const struct netdev *below = view->devices[i];

		if ((below->ifindex == device->link || below->master == device->ifindex) &&
		    candidates_is_above(view, below, standby, depth - 1))
			return true;
	}
	return false;
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
		return claims && !candidates_is_above(view, device, standby, CANDIDATES_STACK_DEPTH)
			       ? CANDIDATE_SOFTWARE
			       : CANDIDATE_UNLIKE;
	if (!device->pci_address[0])
		return claims ? CANDIDATE_NOT_ON_PCI : CANDIDATE_UNLIKE;
	if (!same)
		return candidates_judge_stranger(view, device, claims);
	return candidates_contain(view->taken, device->ifindex) ? CANDIDATE_TAKEN : CANDIDATE_FIT;
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

/* Use first: that of two pairs with one MAC neither takes the other's. */
static bool candidates_is_better(const struct candidates_view *view, const struct netdev *a, const struct netdev *b)
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

size_t candidates_others(const struct candidates_view *view, const struct netdev *standby, const struct netdev *primary,
			 bool named, struct candidate *others, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < view->count; i++) {
		struct candidate other = { view->devices[i], candidates_judge(view, standby, view->devices[i]) };

		if (other.verdict == CANDIDATE_UNLIKE || other.device == primary ||
		    ((primary || named) && other.verdict != CANDIDATE_FIT))
			continue;
		if (named) {
			other.verdict = CANDIDATE_NOT_NAMED;
		} else if (primary) {
			other.verdict = candidates_prefer(primary, other.device);
			if (other.verdict == CANDIDATE_FIT)
				other.verdict = CANDIDATE_LATER;
		} else if (other.verdict == CANDIDATE_FIT) {
			continue; /* about to become the primary */
		}
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
	};

	return words[verdict];
}

void candidates_explain(const struct candidate *other, const struct netdev *standby, const struct netdev *primary,
			char ret[CANDIDATES_TEXT_SIZE])
{
	const struct netdev *device = other->device;
	const char *chosen = primary ? primary->name : "another";
	char remedy[96], host_remedy[192], permanent[MAC_TEXT_SIZE];

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
	}
}
