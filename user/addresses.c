/* SPDX-License-Identifier: GPL-2.0-only */
#include "addresses.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILTERS_MAX 256
#define LEARNED_MAX 256

/* A device whose frames leave by the standby, inside these tags. */
struct speaker {
	const struct netdev *device;
	uint8_t tag_count;
	struct announce_tag tags[ANNOUNCE_MAX_TAGS];
};

/* The standby first, and each one before those above it. */
struct speakers {
	struct speaker *list;
	size_t count, size;
};

static bool is_kind(const struct netdev *device, const char *kind)
{
	return strcmp(device->kind, kind) == 0;
}

static int speakers_add(struct speakers *speakers, const struct speaker *speaker)
{
	for (size_t i = 0; i < speakers->count; i++) {
		const struct speaker *known = &speakers->list[i];

		/* A bridge with two ports of ours, say. */
		if (known->device == speaker->device && known->tag_count == speaker->tag_count &&
		    memcmp(known->tags, speaker->tags, speaker->tag_count * sizeof(speaker->tags[0])) == 0)
			return 0;
	}
	if (speakers->count == speakers->size) {
		size_t size = speakers->size ? 2 * speakers->size : 16;
		struct speaker *grown = reallocarray(speakers->list, size, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		speakers->list = grown;
		speakers->size = size;
	}
	speakers->list[speakers->count++] = *speaker;
	return 0;
}

/* Is @device directly above @below? Then *ret speaks for it. A device that is down speaks to nobody. */
static bool is_above(const struct netdev *device, const struct speaker *below, struct speaker *ret)
{
	struct speaker above = *below;

	if (!(device->flags & IFF_UP))
		return false;
	above.device = device;
	if (is_kind(device, "bridge")) {
		if (below->device->master != device->ifindex)
			return false;
	} else if (device->link != below->device->ifindex) {
		return false;
	} else if (is_kind(device, "vlan")) {
		if (above.tag_count == ANNOUNCE_MAX_TAGS)
			return false;
		above.tags[above.tag_count++] =
			(struct announce_tag){ .protocol = device->vlan_protocol, .vlan_id = device->vlan_id };
	} else if (!is_kind(device, "macvlan") && !is_kind(device, "macvtap") && !is_kind(device, "ipvlan") &&
		   !is_kind(device, "ipvtap")) {
		return false; /* a tunnel's or veth's link, which says nothing of this kind */
	}
	*ret = above;
	return true;
}

static int find_speakers(const struct netdev_table *table, const struct netdev *standby, struct speakers *ret)
{
	struct speaker speaker = { .device = standby };
	int error = speakers_add(ret, &speaker);

	/* The list grows while it is walked, and ends: devices are not above themselves, and none is added twice. */
	for (size_t i = 0; i < ret->count && !error; i++) {
		const struct netdev *device = netdev_next(table, NULL);

		for (; device && !error; device = netdev_next(table, device)) {
			if (is_above(device, &ret->list[i], &speaker))
				error = speakers_add(ret, &speaker);
		}
	}
	return error;
}

/* A router that advertises itself without saying so is struck off its neighbours' lists of routers (RFC 4861, 7.2.5). */
static bool is_router(const struct netdev *device)
{
	char path[64 + IF_NAMESIZE], value = '0';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/forwarding", device->name);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (fread(&value, 1, 1, file) != 1)
		value = '0';
	fclose(file);
	return value != '0';
}

static int add(struct announcement *list, const struct speaker *speaker, const uint8_t mac[ETH_ALEN],
	       const struct netdev_address *address)
{
	struct announce_address announced = { .family = AF_UNSPEC, .tag_count = speaker->tag_count };

	memcpy(announced.mac, mac, ETH_ALEN);
	memcpy(announced.tags, speaker->tags, sizeof(announced.tags));
	if (address) {
		announced.family = address->family;
		memcpy(&announced.v6, &address->v6, sizeof(announced.v6));
		announced.router = address->family == AF_INET6 && is_router(speaker->device);
	}
	return announcement_add(list, &announced);
}

static bool is_announced(const struct netdev_address *address)
{
	if (address->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED | IFA_F_OPTIMISTIC))
		return false;
	if (address->family == AF_INET) {
		uint32_t v4 = ntohl(address->v4.s_addr);

		return v4 != INADDR_ANY && v4 >> 24 != IN_LOOPBACKNET && !IN_MULTICAST(v4);
	}
	return !IN6_IS_ADDR_UNSPECIFIED(&address->v6) && !IN6_IS_ADDR_LOOPBACK(&address->v6) &&
	       !IN6_IS_ADDR_MULTICAST(&address->v6);
}

static int add_addresses(const struct netdev_table *table, const struct speaker *speaker, struct announcement *list)
{
	const struct netdev_address *address = netdev_address_next(table, NULL);
	int error = 0;

	for (; address && !error; address = netdev_address_next(table, address)) {
		if (address->ifindex == speaker->device->ifindex && is_announced(address))
			error = add(list, speaker, speaker->device->mac, address);
	}
	return error;
}

/*
 * The unicast receive list names the MACs above a device wherever they are, in other namespaces, too. Those of the
 * VLANs above are in it as well, but without their tags: they are left to the VLANs' own speakers.
 */
static int add_filters(struct link_requests *requests, const struct speakers *speakers, const struct speaker *speaker,
		       struct announcement *list)
{
	uint8_t(*macs)[ETH_ALEN] = calloc(2 * FILTERS_MAX, ETH_ALEN), (*above)[ETH_ALEN] = macs + FILTERS_MAX;
	int count, error = 0;

	if (!macs)
		return -ENOMEM;
	count = link_get_filters(requests, speaker->device->ifindex, macs, FILTERS_MAX);
	if (count > FILTERS_MAX)
		count = FILTERS_MAX;
	for (size_t i = 0; i < speakers->count && count > 0; i++) {
		const struct netdev *vlan = speakers->list[i].device;
		int above_count;

		if (vlan->link != speaker->device->ifindex || !is_kind(vlan, "vlan"))
			continue;
		above_count = link_get_filters(requests, vlan->ifindex, above, FILTERS_MAX - 1);
		above_count = above_count < 0 ? 0 : above_count > FILTERS_MAX - 1 ? FILTERS_MAX - 1 : above_count;
		memcpy(above[above_count++], vlan->mac, ETH_ALEN);
		for (int j = count; j-- > 0;) {
			for (int k = 0; k < above_count; k++) {
				if (memcmp(macs[j], above[k], ETH_ALEN) == 0) {
					memmove(macs[j], macs[--count], ETH_ALEN);
					break;
				}
			}
		}
	}
	for (int i = 0; i < count && !error; i++) {
		if (!(macs[i][0] & 1))
			error = add(list, speaker, macs[i], NULL);
	}
	free(macs);
	return count < 0 ? count : error;
}

/*
 * A bridge that filters VLANs sends a VLAN tagged or not, as its port is set up: announce both. The one that is wrong
 * tells a network the truth, too: the MAC is behind this port.
 */
static int add_learned(struct link_requests *requests, const struct speaker *port, struct announcement *list)
{
	struct link_learned *learned = calloc(LEARNED_MAX, sizeof(*learned));
	int count, error = 0;

	if (!learned)
		return -ENOMEM;
	count = link_get_learned(requests, port->device->master, port->device->ifindex, learned, LEARNED_MAX);
	for (int i = 0; i < count && i < LEARNED_MAX && !error; i++) {
		struct speaker tagged = *port;

		error = add(list, port, learned[i].mac, NULL);
		if (error || learned[i].vlan_id == 0 || tagged.tag_count == ANNOUNCE_MAX_TAGS)
			continue;
		tagged.tags[tagged.tag_count++] =
			(struct announce_tag){ .protocol = ETH_P_8021Q, .vlan_id = learned[i].vlan_id };
		error = add(list, &tagged, learned[i].mac, NULL);
	}
	free(learned);
	return count < 0 ? count : error;
}

int addresses_collect(const struct netdev_table *table, struct link_requests *requests, const struct netdev *standby,
		      struct announcement *list)
{
	struct speakers speakers = { 0 };
	int error;

	announcement_clear(list);
	error = find_speakers(table, standby, &speakers);
	if (!error)
		error = add(list, &speakers.list[0], standby->mac, NULL);
	for (size_t i = 0; i < speakers.count && !error; i++)
		error = add_addresses(table, &speakers.list[i], list);
	for (size_t i = 0; i < speakers.count && !error; i++) {
		const struct speaker *speaker = &speakers.list[i];

		/* Once for each VLAN: switches learn MACs in each anew. */
		error = add(list, speaker, speaker->device->mac, NULL);
		if (!error && !is_kind(speaker->device, "bridge"))
			error = add_filters(requests, &speakers, speaker, list);
		if (!error && strcmp(speaker->device->slave_kind, "bridge") == 0)
			error = add_learned(requests, speaker, list);
	}
	free(speakers.list);
	return error;
}
