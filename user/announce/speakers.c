/* SPDX-License-Identifier: GPL-2.0-only */
#include "announce/speakers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* All devices with a device below, in the order of that one's ifindex. */
struct links {
	const struct netdev **devices;
	size_t count;
};

bool speakers_is_kind(const struct netdev *device, const char *kind)
{
	return strcmp(device->kind, kind) == 0;
}

struct announce_address speakers_address(const struct speaker *speaker, const uint8_t mac[ETH_ALEN])
{
	struct announce_address address = { .family = AF_UNSPEC, .tag_count = speaker->tag_count };

	memcpy(address.mac, mac, ETH_ALEN);
	memcpy(address.tags, speaker->tags, sizeof(address.tags));
	return address;
}

static int links_compare(const void *a, const void *b)
{
	const struct netdev *one = *(const struct netdev *const *)a,
			    *other = *(const struct netdev *const *)b;

	if (one->link != other->link)
		return one->link < other->link ? -1 : 1;
	return one->ifindex < other->ifindex ? -1 : one->ifindex > other->ifindex;
}

static int links_read(const struct netdev_table *table, struct links *ret)
{
	size_t count;

	ret->devices = netdev_list(table, &count);
	if (!ret->devices)
		return -ENOMEM;
	ret->count = 0;
	for (size_t i = 0; i < count; i++)
		if (ret->devices[i]->link)
			ret->devices[ret->count++] = ret->devices[i];
	qsort(ret->devices, ret->count, sizeof(*ret->devices), links_compare);
	return 0;
}

/* The index of the first with @ifindex below it, or of the first after those. */
static size_t links_first(const struct links *links, int ifindex)
{
	size_t low = 0, high = links->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (links->devices[middle]->link < ifindex)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int speakers_make_room(struct speakers *speakers)
{
	size_t size = speakers->size ? 2 * speakers->size : 16;
	struct speaker *list;
	size_t *below;

	if (speakers->count < speakers->size)
		return 0;
	list = reallocarray(speakers->list, size, sizeof(*list));
	if (!list)
		return -ENOMEM;
	speakers->list = list;
	below = reallocarray(speakers->below, size, sizeof(*below));
	if (!below)
		return -ENOMEM;
	speakers->below = below;
	speakers->size = size;
	return 0;
}

/* Adds it unless it is there already: a bridge may have two of our ports. */
static int speakers_add(struct speakers *speakers, const struct netdev *device,
			const struct speaker *like, size_t below)
{
	int result = speakers_make_room(speakers);
	struct speaker speaker;

	if (result)
		return result;
	/* Padding included: speakers are compared as bytes. */
	memset(&speaker, 0, sizeof(speaker));
	speaker.device = device;
	speaker.tag_count = like->tag_count;
	memcpy(speaker.tags, like->tags, like->tag_count * sizeof(*like->tags));
	speaker.bridge = like->bridge;
	speaker.port_tag_count = like->port_tag_count;
	speaker.is_silent = like->is_silent;
	result = unique_add(&speakers->known, speakers->list, sizeof(speaker), &speaker);
	if (result)
		return result < 0 ? result : 0;
	memcpy(&speakers->list[speakers->count], &speaker, sizeof(speaker));
	speakers->below[speakers->count++] = below;
	return 0;
}

static bool speakers_add_tag(struct speaker *speaker, uint16_t protocol, uint16_t vlan_id)
{
	if (speaker->tag_count == ANNOUNCE_MAX_TAGS)
		return false;
	speaker->tags[speaker->tag_count++] =
		(struct announce_tag){ .protocol = protocol, .vlan_id = vlan_id };
	return true;
}

bool speakers_leave_bridge(struct speaker *speaker, uint16_t protocol, int tag)
{
	speaker->tag_count = speaker->port_tag_count;
	if (tag == BRIDGE_NOT_SENT)
		return false;
	return tag == BRIDGE_NO_TAG || speakers_add_tag(speaker, protocol, (uint16_t)tag);
}

/* To a bridge, a tag of another protocol than its own is no tag (__allowed_ingress). */
static bool speakers_add_vlan(const struct netdev_table *table, const struct netdev *vlan,
			      struct speaker *speaker)
{
	const struct netdev *bridge =
		speaker->bridge ? netdev_by_index(table, speaker->bridge->ifindex) : NULL;
	bool sent = !speaker->is_silent;

	if (bridge && bridge->vlan_protocol == vlan->vlan_protocol && vlan->vlan_id)
		sent = speakers_leave_bridge(speaker, vlan->vlan_protocol,
					     bridge_tag(speaker->bridge, vlan->vlan_id));
	else
		sent = sent && speakers_add_tag(speaker, vlan->vlan_protocol, vlan->vlan_id);
	speaker->bridge = NULL;
	speaker->is_silent = false;
	return sent;
}

/*
 * Do frames of @device leave through the device that its link names? Then @speaker, that device,
 * gets its tag as well.
 */
static bool speakers_is_above(const struct netdev_table *table, const struct netdev *device,
			      struct speaker *speaker)
{
	if (!(device->flags & IFF_UP)) /* it does not transmit */
		return false;
	if (speakers_is_kind(device, "vlan"))
		return speakers_add_vlan(table, device, speaker);
	/* Other kinds, such as tunnels and veths, do not transmit through their link. */
	return speakers_is_kind(device, "macvlan") || speakers_is_kind(device, "macvtap") ||
	       speakers_is_kind(device, "ipvlan") || speakers_is_kind(device, "ipvtap");
}

/*
 * Does @team have another port that it may transmit by? Only generic netlink shows which one it
 * uses.
 */
static bool speakers_team_has_other_port(const struct netdev_table *table,
					 const struct netdev *team, const struct netdev *port)
{
	const struct netdev *device = NULL;

	while ((device = netdev_next(table, device)))
		if (device != port && device->master == team->ifindex && device->flags & IFF_UP &&
		    device->carrier)
			return true;
	return false;
}

/*
 * Do frames of @master leave by @port? A bond's active slave does or, in load-balancing modes, each
 * slave that is not backup.
 */
static bool speakers_sends_by(const struct netdev_table *table, const struct netdev *master,
			      const struct netdev *port)
{
	if (speakers_is_kind(master, "bond"))
		return !port->is_backup_slave;
	if (speakers_is_kind(master, "team"))
		return !speakers_team_has_other_port(table, master, port);
	return speakers_is_kind(master, "bridge");
}

/*
 * To the kernel, all bridges of Open vSwitch are one device (ovs-system), and so are their internal
 * ports. Those with the standby's MAC, as a bridge's own port usually has (OVN-Kubernetes' br-ex),
 * are on its network. For the others this cannot be known here.
 */
static int speakers_add_internal_ports(const struct netdev_table *table, struct speakers *speakers,
				       size_t number)
{
	const struct speaker below = speakers->list[number];
	const struct netdev *device = NULL;
	int error = 0;

	while (!error && (device = netdev_next(table, device)))
		if (speakers_is_kind(device, "openvswitch") && device->flags & IFF_UP &&
		    memcmp(device->mac, below.device->mac, ETH_ALEN) == 0)
			error = speakers_add(speakers, device, &below, number);
	return error;
}

/* The bridge, bond or team @master, which transmits by the speaker @number. */
static int speakers_add_master(struct bridges *bridges, struct link_requests *requests,
			       const struct netdev *master, struct speakers *speakers,
			       size_t number)
{
	const struct netdev *port = speakers->list[number].device;
	struct speaker above = speakers->list[number];
	int error = 0;

	if (speakers_is_kind(master, "bridge") && master->vlan_protocol && !above.is_silent) {
		if (requests)
			error = bridges_read(bridges, requests, master->ifindex, port->ifindex);
		if (error)
			return error;
		above.bridge = bridges_find(bridges, master->ifindex, port->ifindex);
		above.port_tag_count = above.tag_count;
		above.is_silent = above.bridge &&
				  !speakers_leave_bridge(&above, master->vlan_protocol,
							 bridge_tag(above.bridge, BRIDGE_NO_TAG));
	}
	return speakers_add(speakers, master, &above, number);
}

static int speakers_add_above(const struct netdev_table *table, struct bridges *bridges,
			      struct link_requests *requests, const struct links *links,
			      struct speakers *speakers, size_t number)
{
	const struct speaker below = speakers->list[number];
	const struct netdev *master = netdev_by_index(table, below.device->master);
	int error = 0;

	if (master && master->flags & IFF_UP && speakers_sends_by(table, master, below.device))
		error = speakers_add_master(bridges, requests, master, speakers, number);
	if (!error && strcmp(below.device->slave_kind, "openvswitch") == 0)
		error = speakers_add_internal_ports(table, speakers, number);
	for (size_t i = links_first(links, below.device->ifindex); i < links->count && !error;
	     i++) {
		struct speaker above = below;

		if (links->devices[i]->link != below.device->ifindex)
			break;
		if (speakers_is_above(table, links->devices[i], &above))
			error = speakers_add(speakers, links->devices[i], &above, number);
	}
	return error;
}

int speakers_find(const struct netdev_table *table, struct bridges *bridges,
		  struct link_requests *requests, const struct netdev *standby,
		  struct speakers *ret)
{
	const struct speaker untagged = { 0 };
	struct links links = { 0 };
	int error = links_read(table, &links);

	if (!error)
		error = speakers_add(ret, standby, &untagged, 0);
	/*
	 * The list grows during the walk, which ends: no device is above itself, and none is added
	 * twice.
	 */
	for (size_t i = 0; i < ret->count && !error; i++)
		error = speakers_add_above(table, bridges, requests, &links, ret, i);
	free(links.devices);
	return error;
}

void speakers_free(struct speakers *speakers)
{
	free(speakers->list);
	free(speakers->below);
	unique_free(&speakers->known);
	*speakers = (struct speakers){ 0 };
}
