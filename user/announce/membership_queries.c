/* SPDX-License-Identifier: GPL-2.0-only */
#include "announce/membership_queries.h"
#include "announce/frame.h"
#include "announce/membership_ip.h"
#include "base/room.h"

#include <errno.h>
#include <linux/igmp.h>
#include <string.h>

#define QUERY_MLD 130	       /* RFC 3810, 5.1 */
#define QUERY_IGMP_RESPONSE 1  /* 0.1 s, the least: a host that only speaks IGMPv2 takes 0 for v1 */
#define QUERY_MLD_RESPONSE 100 /* ms */
/*
 * In seconds: the default of both protocols. From an interval of 0, Linux would follow a querier of
 * MLDv1 for the response time alone (mld_update_qi, mld_set_v1_mode).
 */
#define QUERY_INTERVAL 125

/* The robustness of 0 leaves a host's own (RFC 3376, 4.1.6). No group, no sources: all groups. */
struct igmp_query {
	uint8_t type;
	uint8_t response;
	uint16_t checksum;
	uint8_t group[4];
	uint8_t robustness;
	uint8_t interval;
	uint16_t source_count;
} __attribute__((packed));

struct mld_query {
	uint8_t type;
	uint8_t code;
	uint16_t checksum;
	uint16_t response;
	uint16_t reserved;
	uint8_t group[16];
	uint8_t robustness;
	uint8_t interval;
	uint16_t source_count;
} __attribute__((packed));

_Static_assert(sizeof(struct igmp_query) == 12, "as on the wire");
_Static_assert(sizeof(struct mld_query) == 28, "as on the wire");
_Static_assert(ETH_HLEN + 4 + 48 + sizeof(struct mld_query) <= ANNOUNCE_FRAME_SIZE,
	       "the longest frame fits");

static void append_igmp(struct frame *frame)
{
	const struct igmp_query query = {
		.type = IGMP_HOST_MEMBERSHIP_QUERY,
		.response = QUERY_IGMP_RESPONSE,
		.interval = QUERY_INTERVAL,
	};

	frame_append(frame, &query, sizeof(query));
}

static void append_mld(struct frame *frame)
{
	const struct mld_query query = {
		.type = QUERY_MLD,
		.response = htons(QUERY_MLD_RESPONSE),
		.interval = QUERY_INTERVAL,
	};

	frame_append(frame, &query, sizeof(query));
}

/*
 * IGMP: from 0.0.0.0, which is no querier's address. MLD wants a link-local one, and the lowest is
 * elected querier (RFC 3810, 7.6.2): the highest silences no querier. No host has it: interface
 * identifiers of this range are reserved (RFC 2526).
 */
void membership_query_build(int family, const uint8_t mac[ETH_ALEN], uint16_t vlan_id,
			    struct announce_frame *ret)
{
	struct announce_address sender = { .family = family, .tag_count = vlan_id ? 1 : 0 };
	union membership_address all = { 0 };
	struct announce_frame built = { 0 };
	struct frame frame = { .bytes = built.bytes };
	struct membership_ip at;

	memcpy(sender.mac, mac, ETH_ALEN);
	sender.tags[0] = (struct announce_tag){ .protocol = ETH_P_8021Q, .vlan_id = vlan_id };
	if (family == AF_INET) {
		all.v4.s_addr = htonl(INADDR_ALLHOSTS_GROUP);
	} else {
		sender.v6 = (struct in6_addr){ .s6_addr = { 0xfe, 0x80 } };
		memset(sender.v6.s6_addr + 8, 0xff, 8);
		all.v6 = (struct in6_addr){ .s6_addr = { 0xff, 0x02, [15] = 0x01 } };
	}
	at = membership_ip_append(&frame, &sender, &all);
	if (family == AF_INET)
		append_igmp(&frame);
	else
		append_mld(&frame);
	membership_ip_finish(&frame, &at, family);
	built.length = frame.length < ETH_ZLEN ? ETH_ZLEN : frame.length;
	*ret = built;
}

static int add(struct announce_queries *queries, int family, const struct netdev *port,
	       uint16_t vlan_id)
{
	struct announce_query query;
	int result;

	if (room_for_one(queries->list, queries->count, &queries->size))
		return -ENOMEM;
	/* Padding included: queries are compared as bytes. */
	memset(&query, 0, sizeof(query));
	query.ifindex = port->ifindex;
	membership_query_build(family, port->mac, vlan_id, &query.frame);
	result = unique_add(&queries->known, queries->list, sizeof(query), &query);
	if (!result)
		memcpy(&queries->list[queries->count++], &query, sizeof(query));
	return result < 0 ? result : 0;
}

int membership_queries_add(struct announce_queries *queries, const struct netdev *port,
			   uint16_t vlan_id)
{
	int error;

	if (!(port->flags & IFF_UP))
		return 0;
	error = add(queries, AF_INET, port, vlan_id);
	return error ? error : add(queries, AF_INET6, port, vlan_id);
}

/* Does the port lead to a station of this machine, and not into a network with queriers? */
static bool is_of_station(const struct netdev *port)
{
	return speakers_is_kind(port, "veth") || speakers_is_kind(port, "tun");
}

/*
 * The port may send a VLAN tagged or untagged: ask in both ways. In the other one no station is
 * asked, or one that is there as well.
 */
static int add_port(const struct bridged_groups *groups, const struct netdev *bridge,
		    const struct netdev *port, struct announce_queries *queries)
{
	const struct link_group *behind;
	size_t count;
	int error = 0;

	behind = bridged_groups_behind(groups, bridge->ifindex, port->ifindex, &count);
	for (size_t i = 0; i < count; i++)
		if (behind[i].is_router)
			return 0;
	if (!bridge->snoops)
		return membership_queries_add(queries, port, 0);
	for (size_t i = 0; i < count && !error; i++) {
		error = membership_queries_add(queries, port, 0);
		if (!error && behind[i].vlan_id)
			error = membership_queries_add(queries, port, behind[i].vlan_id);
	}
	return error;
}

int membership_queries_collect(const struct netdev_table *table,
			       const struct bridged_groups *groups, const struct speakers *speakers,
			       struct announce_queries *queries)
{
	int error = 0;

	for (size_t i = 1; i < speakers->count && !error; i++) {
		const struct netdev *bridge = speakers->list[i].device, *port = NULL;

		if (!speakers_is_kind(bridge, "bridge"))
			continue;
		while (!error && (port = netdev_next(table, port)))
			if (port->master == bridge->ifindex && is_of_station(port) &&
			    port != speakers->list[speakers->below[i]].device)
				error = add_port(groups, bridge, port, queries);
	}
	return error;
}

void membership_queries_leave_out(struct announce_queries *queries, int ifindex)
{
	size_t kept = 0;

	for (size_t i = 0; i < queries->count; i++)
		if (queries->list[i].ifindex != ifindex)
			memmove(&queries->list[kept++], &queries->list[i], sizeof(*queries->list));
	queries->count = kept;
}
