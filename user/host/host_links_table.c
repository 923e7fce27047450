/* SPDX-License-Identifier: GPL-2.0-only */
#include "host/host_links_table.h"

#include <errno.h>
#include <netlink/socket.h>
#include <stdlib.h>
#include <string.h>

#include "base/room.h"
#include "netdev/link.h"

struct host_link *host_links_find(const struct host_links *links, int ifindex)
{
	for (size_t i = 0; i < links->count; i++)
		if (links->list[i].device.ifindex == ifindex)
			return &links->list[i];
	return NULL;
}

int host_links_put(struct host_links *links, const struct netdev *device)
{
	struct host_link *link = host_links_find(links, device->ifindex);

	if (!link) {
		if (room_for_one(links->list, links->count, &links->size))
			return -ENOMEM;
		link = &links->list[links->count++];
		*link = (struct host_link){ .device = *device, .seen = links->mark };
		return HOST_LINKS_DEVICES;
	}
	link->seen = links->mark;
	if (memcmp(&link->device, device, sizeof(*device)) == 0)
		return 0;
	memcpy(&link->device, device, sizeof(*device));
	return HOST_LINKS_DEVICES;
}

int host_links_remove(struct host_links *links, int ifindex)
{
	struct host_link *link = host_links_find(links, ifindex);

	if (!link)
		return 0;
	free(link->vfs);
	*link = links->list[--links->count];
	return HOST_LINKS_DEVICES;
}

static bool is_same(const struct host_vf *one, const struct host_vf *other)
{
	return one->number == other->number && one->vlan_id == other->vlan_id &&
	       one->link_state == other->link_state && one->spoofchk == other->spoofchk &&
	       one->trust == other->trust && memcmp(one->mac, other->mac, ETH_ALEN) == 0;
}

int host_links_put_vfs(struct host_link *link, struct host_vf *vfs, size_t count)
{
	bool changed = link->vf_count != count;

	for (size_t i = 0; i < count && !changed; i++)
		changed = !is_same(&vfs[i], &link->vfs[i]);
	free(link->vfs);
	link->vfs = vfs;
	link->vf_count = count;
	return changed ? HOST_LINKS_DEVICES : 0;
}

void host_links_free(struct host_links *links)
{
	if (!links)
		return;
	for (size_t i = 0; i < links->count; i++)
		free(links->list[i].vfs);
	free(links->list);
	link_requests_free(links->changes);
	nl_socket_free(links->notifications);
	nl_socket_free(links->requests);
	free(links);
}

int host_links_fd(const struct host_links *links)
{
	return nl_socket_get_fd(links->notifications);
}

const struct host_link *host_links_by_index(const struct host_links *links, int ifindex)
{
	return host_links_find(links, ifindex);
}

const struct host_link *host_links_by_name(const struct host_links *links, const char *name)
{
	for (size_t i = 0; i < links->count; i++)
		if (netdev_is_called(&links->list[i].device, name))
			return &links->list[i];
	return NULL;
}

const struct host_link *host_links_next(const struct host_links *links,
					const struct host_link *after)
{
	const struct host_link *next = after ? after + 1 : links->list;

	return next && next < links->list + links->count ? next : NULL;
}

struct link_requests *host_links_requests(const struct host_links *links)
{
	return links->changes;
}
