/* SPDX-License-Identifier: GPL-2.0-only */
/* host_links_table: the table itself, without its sources. For host_links*.c only. */
#ifndef HOST_HOST_LINKS_TABLE_H
#define HOST_HOST_LINKS_TABLE_H

#include "host/host_links.h"

#define HOST_LINKS_MESSAGE_SIZE (64 * 1024)

struct nl_sock;

struct host_links {
	struct host_link *list;
	size_t count, size;
	unsigned mark; /* of the current or last dump */
	/* For host_links.c only. */
	struct nl_sock *notifications; /* non-blocking */
	struct nl_sock *requests;
	struct link_requests *changes;
	bool incomplete; /* messages were lost, and no dump has followed */
	_Alignas(8) char buffer[HOST_LINKS_MESSAGE_SIZE];
};

/* Returns the entry, or NULL. It is valid until the next change of the table. */
struct host_link *host_links_find(const struct host_links *links, int ifindex);

/* Each returns what changed (a mask of enum host_links_change); host_links_put also -ENOMEM. */
int host_links_put(struct host_links *links, const struct netdev *device);
int host_links_remove(struct host_links *links, int ifindex);
/* Takes ownership of @vfs. */
int host_links_put_vfs(struct host_link *link, struct host_vf *vfs, size_t count);

#endif
