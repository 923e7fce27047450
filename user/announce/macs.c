/* SPDX-License-Identifier: GPL-2.0-only */
#include "announce/macs.h"
#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Unicast receive lists, sorted by ifindex and MAC. */
struct filters {
	struct link_filter *list;
	size_t count;
};

static int macs_add(struct announcement *list, const struct speaker *speaker,
		    const uint8_t mac[ETH_ALEN])
{
	const struct announce_address address = speakers_address(speaker, mac);

	return announcement_add(list, &address);
}

bool macs_is_virtual_router(const uint8_t mac[ETH_ALEN])
{
	static const uint8_t v4[] = { 0x00, 0x00, 0x5e, 0x00, 0x01 },
			     v6[] = { 0x00, 0x00, 0x5e, 0x00, 0x02 };

	return !memcmp(mac, v4, sizeof(v4)) || !memcmp(mac, v6, sizeof(v6));
}

/*
 * A device's MACs are also in the list of the device below it (dev_uc_sync), unless that is a
 * bridge. So if a standby receives only its own MAC, the devices above it do too. Otherwise all
 * lists are read at once: the kernel walks through all devices even for one.
 */
static int filters_read(struct link_requests *requests, const struct netdev *standby,
			struct filters *ret)
{
	int error = link_list_unicast(requests, standby->ifindex, &ret->list, &ret->count);

	if (error || (!ret->count && !standby->master))
		return error;
	free(ret->list);
	*ret = (struct filters){ 0 };
	return link_list_unicast(requests, 0, &ret->list, &ret->count);
}

/* The entries of one device. */
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
	for (end = low; end < all->count && all->list[end].ifindex == ifindex;)
		end++;
	return (struct filters){ .list = end > low ? all->list + low : NULL, .count = end - low };
}

static int filters_compare(const void *mac, const void *filter)
{
	return memcmp(mac, ((const struct link_filter *)filter)->mac, ETH_ALEN);
}

static void filters_leave_out(const struct filters *filters, bool *left_out,
			      const uint8_t mac[ETH_ALEN])
{
	const struct link_filter *found = bsearch(mac, filters->list, filters->count,
						  sizeof(*filters->list), filters_compare);

	if (found)
		left_out[found - filters->list] = true;
}

/*
 * The unicast receive list has the MACs of all devices above, in other namespaces, too. MACs of
 * visible devices above are left to those: they know the VLAN, and whether the device has sent.
 */
static int add_filters(const struct speakers *speakers, size_t number, size_t above,
		       size_t above_end, const struct filters *all, struct announcement *list)
{
	struct filters own = filters_of(all, speakers->list[number].device->ifindex);
	bool *left_out;
	int error = 0;

	if (!own.list)
		return 0;
	left_out = calloc(own.count, sizeof(*left_out));
	if (!left_out)
		return -ENOMEM;
	for (size_t i = above; i < above_end; i++) {
		const struct netdev *device = speakers->list[i].device;
		struct filters further = filters_of(all, device->ifindex);

		/* Their MACs are not in the lists of their ports. */
		if (speakers_is_kind(device, "bridge") || speakers_is_kind(device, "openvswitch"))
			continue;
		filters_leave_out(&own, left_out, device->mac);
		for (size_t j = 0; j < further.count; j++)
			filters_leave_out(&own, left_out, further.list[j].mac);
	}
	for (size_t i = 0; i < own.count && !error; i++)
		if (!left_out[i] && !macs_is_virtual_router(own.list[i].mac))
			error = macs_add(list, &speakers->list[number], own.list[i].mac);
	free(left_out);
	return error;
}

/*
 * A bridge that filters VLANs sends a VLAN tagged or untagged, depending on the port: announce
 * both. The other form is true as well: the MAC is behind this port.
 */
static int add_learned(struct link_requests *requests, const struct speaker *port,
		       struct announcement *list)
{
	struct link_learned *learned;
	size_t count;
	int error = link_list_learned(requests, port->device->master, port->device->ifindex,
				      &learned, &count);

	if (error)
		return error;
	for (size_t i = 0; i < count && !error; i++) {
		struct speaker tagged = *port;

		error = macs_add(list, port, learned[i].mac);
		if (error || learned[i].vlan_id == 0 || tagged.tag_count == ANNOUNCE_MAX_TAGS)
			continue;
		tagged.tags[tagged.tag_count++] =
			(struct announce_tag){ .protocol = ETH_P_8021Q,
					       .vlan_id = learned[i].vlan_id };
		error = macs_add(list, &tagged, learned[i].mac);
	}
	free(learned);
	return error;
}

/*
 * By the number of frames that its stack, another one, has sent. A device whose counter cannot be
 * read has not sent.
 */
static bool has_spoken(struct link_requests *requests, const struct netdev *device,
		       struct spoken *spoken)
{
	struct spoken once = { 0 };
	uint64_t tx_packets;
	bool result;

	if (!speakers_is_kind(device, "macvtap") ||
	    link_get_sent(requests, device->ifindex, &tx_packets))
		return false;
	result = spoken_recently(spoken ?: &once, device->ifindex, tx_packets,
				 clock_now_ns(CLOCK_BOOTTIME));
	spoken_free(&once);
	return result;
}

static bool is_announced(struct link_requests *requests, const struct speakers *speakers,
			 size_t number, bool answers, struct spoken *spoken)
{
	const struct netdev *device = speakers->list[number].device;

	return answers || !memcmp(device->mac, speakers->list[0].device->mac, ETH_ALEN) ||
	       has_spoken(requests, device, spoken);
}

int macs_collect(struct link_requests *requests, const struct speakers *speakers,
		 const bool *answers, struct spoken *spoken, struct announcement *list)
{
	struct filters filters = { 0 };
	size_t above = 1, above_end = 1;
	int error = filters_read(requests, speakers->list[0].device, &filters);

	/* Once for each VLAN: switches learn MACs per VLAN. */
	for (size_t i = 0; i < speakers->count && !error; i++)
		if (!speakers->list[i].is_silent &&
		    is_announced(requests, speakers, i, answers[i], spoken))
			error = macs_add(list, &speakers->list[i], speakers->list[i].device->mac);
	for (size_t i = 0; i < speakers->count && !error; i++) {
		const struct netdev *device = speakers->list[i].device;

		for (above = above_end;
		     above_end < speakers->count && speakers->below[above_end] == i;)
			above_end++;
		if (!speakers_is_kind(device, "bridge"))
			error = add_filters(speakers, i, above, above_end, &filters, list);
		if (!error && !strcmp(device->slave_kind, "bridge"))
			error = add_learned(requests, &speakers->list[i], list);
	}
	if (spoken && !error)
		spoken_sweep(spoken);
	free(filters.list);
	return error;
}
