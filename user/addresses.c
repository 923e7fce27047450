/* SPDX-License-Identifier: GPL-2.0-only */
#include "addresses.h"
#include "answers.h"
#include "speakers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FILTERS_MAX 256
#define LEARNED_MAX 256

/* The unicast receive lists, by ifindex. */
struct filters {
	struct link_filter *list;
	size_t count;
};

static int add(struct announcement *list, const struct speaker *speaker, const uint8_t mac[ETH_ALEN],
	       const struct netdev_address *address, bool is_router)
{
	struct announce_address announced = { .family = AF_UNSPEC, .tag_count = speaker->tag_count };

	memcpy(announced.mac, mac, ETH_ALEN);
	memcpy(announced.tags, speaker->tags, sizeof(announced.tags));
	if (address) {
		announced.family = address->family;
		memcpy(&announced.v6, &address->v6, sizeof(announced.v6));
		announced.router = address->family == AF_INET6 && is_router;
	}
	return announcement_add(list, &announced);
}

/* Its settings are read once, and only if it has addresses. */
static int add_addresses(const struct netdev_table *table, const struct speaker *speaker, struct announcement *list)
{
	const struct netdev *device = speaker->device;
	const struct netdev_address *address = netdev_address_first(table, device->ifindex);
	unsigned arp_ignore;
	bool is_router;
	int error = 0;

	if (!address || address->ifindex != device->ifindex)
		return 0;
	arp_ignore = answers_arp_ignore(device->name);
	is_router = answers_as_router(device->name);
	for (; address && address->ifindex == device->ifindex && !error; address = netdev_address_next(table, address))
		if (answers_for(table, device, address, arp_ignore))
			error = add(list, speaker, device->mac, address, is_router);
	return error;
}

/*
 * What a device receives is in the list of the one below it, too (dev_uc_sync), if that is not a bridge: above a standby that receives
 * nothing beside its own MAC nobody does. Else all lists are read at once: the kernel walks through all devices for one, too.
 */
static int filters_read(struct link_requests *requests, const struct netdev *standby, struct filters *ret)
{
	int error = link_list_unicast(requests, standby->ifindex, &ret->list, &ret->count);

	if (error || (!ret->count && !standby->master))
		return error;
	free(ret->list);
	*ret = (struct filters){ 0 };
	return link_list_unicast(requests, 0, &ret->list, &ret->count);
}

/* Those of one device, FILTERS_MAX at most. */
static struct filters filters_of(const struct filters *all, int ifindex)
{
	size_t low = 0, high = all->count, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (all->list[middle].ifindex < ifindex)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < all->count && all->list[end].ifindex == ifindex && end - low < FILTERS_MAX;)
		end++;
	return (struct filters){ .list = end > low ? all->list + low : NULL, .count = end - low };
}

static bool filters_have(const struct filters *filters, const uint8_t mac[ETH_ALEN])
{
	for (size_t i = 0; i < filters->count; i++)
		if (memcmp(filters->list[i].mac, mac, ETH_ALEN) == 0)
			return true;
	return false;
}

/*
 * The unicast receive list names the MACs above a device wherever they are, in other namespaces, too. Those of the
 * VLANs above are in it as well, but without their tags: they are left to the VLANs' own speakers.
 */
static int add_filters(const struct speakers *speakers, size_t number, size_t above, size_t above_end,
		       const struct filters *all, struct announcement *list)
{
	struct filters own = filters_of(all, speakers->list[number].device->ifindex);
	bool left_out[FILTERS_MAX] = { false };
	int error = 0;

	for (size_t i = above; i < above_end && own.count; i++) {
		const struct netdev *vlan = speakers->list[i].device;
		struct filters tagged;

		if (!speakers_is_kind(vlan, "vlan"))
			continue;
		tagged = filters_of(all, vlan->ifindex);
		for (size_t j = 0; j < own.count; j++)
			left_out[j] |= memcmp(own.list[j].mac, vlan->mac, ETH_ALEN) == 0 ||
				       filters_have(&tagged, own.list[j].mac);
	}
	for (size_t i = 0; i < own.count && !error; i++)
		if (!left_out[i])
			error = add(list, &speakers->list[number], own.list[i].mac, NULL, false);
	return error;
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

		error = add(list, port, learned[i].mac, NULL, false);
		if (error || learned[i].vlan_id == 0 || tagged.tag_count == ANNOUNCE_MAX_TAGS)
			continue;
		tagged.tags[tagged.tag_count++] =
			(struct announce_tag){ .protocol = ETH_P_8021Q, .vlan_id = learned[i].vlan_id };
		error = add(list, &tagged, learned[i].mac, NULL, false);
	}
	free(learned);
	return count < 0 ? count : error;
}

static int add_macs(struct link_requests *requests, const struct speakers *speakers, const struct filters *all,
		    struct announcement *list)
{
	size_t above = 1, above_end = 1;
	int error = 0;

	for (size_t i = 0; i < speakers->count && !error; i++) {
		const struct speaker *speaker = &speakers->list[i];

		for (above = above_end; above_end < speakers->count && speakers->below[above_end] == i;)
			above_end++;
		/* Once for each VLAN: switches learn MACs in each anew. */
		error = add(list, speaker, speaker->device->mac, NULL, false);
		if (!error && !speakers_is_kind(speaker->device, "bridge"))
			error = add_filters(speakers, i, above, above_end, all, list);
		if (!error && strcmp(speaker->device->slave_kind, "bridge") == 0)
			error = add_learned(requests, speaker, list);
	}
	return error;
}

int addresses_collect(const struct netdev_table *table, struct link_requests *requests, const struct netdev *standby,
		      struct announcement *list)
{
	struct speakers speakers = { 0 };
	struct filters filters = { 0 };
	int error;

	announcement_clear(list);
	error = speakers_find(table, standby, &speakers);
	if (!error)
		error = add(list, &speakers.list[0], standby->mac, NULL, false);
	for (size_t i = 0; i < speakers.count && !error; i++)
		error = add_addresses(table, &speakers.list[i], list);
	if (!error)
		error = filters_read(requests, standby, &filters);
	if (!error)
		error = add_macs(requests, &speakers, &filters, list);
	free(filters.list);
	speakers_free(&speakers);
	return error;
}
