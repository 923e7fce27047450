/* SPDX-License-Identifier: GPL-2.0-only */
/* The neighbour tables: RTM_GETNEIGH of both families. */
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>

#include "base/room.h"
#include "netdev/link.h"
#include "netdev/link_requests.h"
#include "netdev/rtnetlink.h"

#define CENTISECONDS 100 /* USER_HZ, the kernel's unit of ages */

static const struct nla_policy policy[NDA_MAX + 1] = {
	[NDA_LLADDR] = { .minlen = ETH_ALEN, .maxlen = ETH_ALEN },
	[NDA_CACHEINFO] = { .minlen = sizeof(struct nda_cacheinfo) },
};

struct neighbours {
	struct link_neighbour *list;
	size_t count, size;
};

static int take_neighbour(const struct nlmsghdr *message, void *context)
{
	struct nlattr *values[NDA_MAX + 1];
	struct neighbours *neighbours = context;
	struct link_neighbour *neighbour;
	const struct nda_cacheinfo *ages;
	const struct ndmsg *entry;
	int length;

	if (message->nlmsg_type != RTM_NEWNEIGH ||
	    nlmsg_parse((struct nlmsghdr *)message, sizeof(*entry), values, NDA_MAX, policy) < 0)
		return 0;
	entry = nlmsg_data(message);
	length = entry->ndm_family == AF_INET ? sizeof(neighbour->v4) : sizeof(neighbour->v6);
	if ((entry->ndm_family != AF_INET && entry->ndm_family != AF_INET6) ||
	    (entry->ndm_state & NUD_NOARP) || !values[NDA_DST] ||
	    nla_len(values[NDA_DST]) != length || !values[NDA_CACHEINFO])
		return 0;
	if (room_for_one(neighbours->list, neighbours->count, &neighbours->size))
		return -ENOMEM;
	neighbour = &neighbours->list[neighbours->count++];
	*neighbour = (struct link_neighbour){ .ifindex = entry->ndm_ifindex,
					      .family = entry->ndm_family };
	memcpy(&neighbour->v6, nla_data(values[NDA_DST]), (size_t)length);
	neighbour->is_sought = entry->ndm_state & (NUD_INCOMPLETE | NUD_FAILED);
	neighbour->has_mac = values[NDA_LLADDR] && !neighbour->is_sought;
	if (neighbour->has_mac)
		memcpy(neighbour->mac, nla_data(values[NDA_LLADDR]), ETH_ALEN);
	ages = nla_data(values[NDA_CACHEINFO]);
	neighbour->confirmed_ms = (uint64_t)ages->ndm_confirmed * 1000 / CENTISECONDS;
	neighbour->used_ms = (uint64_t)ages->ndm_used * 1000 / CENTISECONDS;
	return 0;
}

int link_list_neighbours(struct link_requests *requests, struct link_neighbour **ret,
			 size_t *ret_count)
{
	const struct ndmsg header = { .ndm_family = AF_UNSPEC };
	struct neighbours neighbours = { 0 };
	int error = rtnetlink_request(
		requests->socket,
		rtnetlink_message(RTM_GETNEIGH, NLM_F_DUMP, &header, sizeof(header)),
		take_neighbour, &neighbours);

	/* An interrupted dump lacks some entries; the others suffice. */
	if (error && error != -EINTR) {
		free(neighbours.list);
		return error;
	}
	*ret = neighbours.list;
	*ret_count = neighbours.count;
	return 0;
}
