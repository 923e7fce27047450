/* SPDX-License-Identifier: GPL-2.0-only */
/* The multicast groups that bridges know behind their ports: RTM_GETMDB. */
#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>

#include "base/room.h"
#include "netdev/link.h"
#include "netdev/link_requests.h"
#include "netdev/rtnetlink.h"

#define LINK_GROUP_SOURCE 4 /* MDBA_MDB_EATTR_SOURCE (Linux 5.10) */

struct groups {
	struct link_group *list;
	size_t count, size;
	int bridge; /* of the message */
};

static int groups_append(struct groups *groups, const struct link_group *group)
{
	if (room_for_one(groups->list, groups->count, &groups->size))
		return -ENOMEM;
	groups->list[groups->count++] = *group;
	return 0;
}

/* Bytes of an address; 0: neither IPv4 nor IPv6. */
static size_t groups_address_size(int family)
{
	return family == AF_INET    ? sizeof(struct in_addr)
	       : family == AF_INET6 ? sizeof(struct in6_addr)
				    : 0;
}

/*
 * Sources that the bridge blocks, or has beside "any source", add nothing to what is wanted. The
 * bridge's own groups have its ifindex.
 */
static int take_group(struct groups *groups, struct nlattr *info)
{
	const struct br_mdb_entry *entry = nla_data(info);
	struct link_group group;
	struct nlattr *source;

	if (nla_len(info) < (int)sizeof(*entry) ||
	    entry->flags & (MDB_FLAGS_BLOCKED | MDB_FLAGS_STAR_EXCL) ||
	    (int)entry->ifindex == groups->bridge)
		return 0;
	/* Padding included: groups are compared as bytes. */
	memset(&group, 0, sizeof(group));
	group.bridge = groups->bridge;
	group.port = (int)entry->ifindex;
	group.vlan_id = entry->vid;
	group.family = entry->addr.proto == htons(ETH_P_IP)	? AF_INET
		       : entry->addr.proto == htons(ETH_P_IPV6) ? AF_INET6
								: 0;
	if (!group.family) /* a MAC: an entry of the administrator */
		return 0;
	memcpy(&group.v6, &entry->addr.u, groups_address_size(group.family));
	source = nla_find((struct nlattr *)((char *)nla_data(info) + NLA_ALIGN(sizeof(*entry))),
			  nla_len(info) - (int)NLA_ALIGN(sizeof(*entry)), LINK_GROUP_SOURCE);
	if (source && nla_len(source) >= (int)groups_address_size(group.family)) {
		group.has_source = true;
		memcpy(&group.source_v6, nla_data(source), groups_address_size(group.family));
	}
	return groups_append(groups, &group);
}

static int take_groups(struct groups *groups, struct nlattr *all)
{
	struct nlattr *entry, *info;
	int left, info_left, error = 0;

	nla_for_each_nested(entry, all, left)
	{
		if (nla_type(entry) != MDBA_MDB_ENTRY)
			continue;
		nla_for_each_nested(info, entry,
				    info_left) if (!error && nla_type(info) == MDBA_MDB_ENTRY_INFO)
			error = take_group(groups, info);
	}
	return error;
}

static int take_routers(struct groups *groups, struct nlattr *all)
{
	struct nlattr *port;
	int left, error = 0;

	nla_for_each_nested(port, all, left)
	{
		struct link_group group;
		uint32_t ifindex;

		if (error || nla_type(port) != MDBA_ROUTER_PORT ||
		    nla_len(port) < (int)sizeof(ifindex))
			continue;
		memcpy(&ifindex, nla_data(port), sizeof(ifindex));
		memset(&group, 0, sizeof(group));
		group.bridge = groups->bridge;
		group.is_router = true;
		group.port = (int)ifindex;
		error = groups_append(groups, &group);
	}
	return error;
}

static int take_bridge(const struct nlmsghdr *answer, void *context)
{
	struct nlattr *values[MDBA_MAX + 1];
	struct groups *groups = context;
	int error = 0;

	if (answer->nlmsg_type != RTM_GETMDB ||
	    nlmsg_parse((struct nlmsghdr *)answer, sizeof(struct br_port_msg), values, MDBA_MAX,
			NULL) < 0)
		return 0;
	groups->bridge = (int)((const struct br_port_msg *)nlmsg_data(answer))->ifindex;
	if (values[MDBA_MDB])
		error = take_groups(groups, values[MDBA_MDB]);
	if (!error && values[MDBA_ROUTER])
		error = take_routers(groups, values[MDBA_ROUTER]);
	return error;
}

static int groups_compare(const void *a, const void *b)
{
	const struct link_group *one = a, *other = b;

	if (one->bridge != other->bridge)
		return one->bridge < other->bridge ? -1 : 1;
	if (one->port != other->port)
		return one->port < other->port ? -1 : 1;
	return memcmp(one, other, sizeof(*one));
}

int link_list_groups(struct link_requests *requests, struct link_group **ret, size_t *ret_count)
{
	const struct br_port_msg header = { .family = AF_BRIDGE };
	struct groups groups = { 0 };
	int error = -EINTR;

	for (int i = 0; i < RTNETLINK_DUMP_ATTEMPTS && error == -EINTR; i++) {
		groups.count = 0;
		error = rtnetlink_request(
			requests->socket,
			rtnetlink_message(RTM_GETMDB, NLM_F_DUMP, &header, sizeof(header)),
			take_bridge, &groups);
	}
	/* An interrupted dump lacks some entries; the others suffice. */
	if (error && error != -EINTR) {
		free(groups.list);
		return error;
	}
	if (groups.count)
		qsort(groups.list, groups.count, sizeof(*groups.list), groups_compare);
	*ret = groups.list;
	*ret_count = groups.count;
	return 0;
}
