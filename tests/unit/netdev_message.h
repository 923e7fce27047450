/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * netdev_message: rtnetlink messages as the kernel sends them, above all about links, for
 * netdev_parse.h to read.
 */
#ifndef NETDEV_MESSAGE_H
#define NETDEV_MESSAGE_H

#include "netdev/netdev_parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

/* IF_OPER_UP of <linux/if.h>, which does not go with <net/if.h>. */
#define OPER_UP 6

static const uint8_t mac[ETH_ALEN] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };

static inline struct nl_msg *message_new(int type, const void *header, int size)
{
	struct nl_msg *message = nlmsg_alloc_simple(type, 0);

	assert_non_null(message);
	assert_int_equal(nlmsg_append(message, (void *)header, (size_t)size, NLMSG_ALIGNTO), 0);
	return message;
}

static inline struct nl_msg *link_new(uint8_t family, int ifindex)
{
	struct ifinfomsg header = {
		.ifi_family = family, .ifi_type = 1, .ifi_index = ifindex, .ifi_flags = IFF_UP
	};

	return message_new(RTM_NEWLINK, &header, sizeof(header));
}

static inline void put_info(struct nl_msg *message, const char *kind, int vlan_id, int protocol)
{
	struct nlattr *info = nla_nest_start(message, IFLA_LINKINFO), *data;

	nla_put_string(message, IFLA_INFO_KIND, kind);
	data = nla_nest_start(message, IFLA_INFO_DATA);
	nla_put_u16(message, IFLA_VLAN_ID, (uint16_t)vlan_id);
	if (protocol)
		nla_put_u16(message, IFLA_VLAN_PROTOCOL, htons((uint16_t)protocol));
	nla_nest_end(message, data);
	nla_put_string(message, IFLA_INFO_SLAVE_KIND, "bridge");
	nla_nest_end(message, info);
}

static inline struct nl_msg *full_link(void)
{
	struct nl_msg *message = link_new(AF_UNSPEC, 7);

	nla_put_string(message, IFLA_IFNAME, "eth0.100");
	nla_put(message, IFLA_ADDRESS, ETH_ALEN, mac);
	nla_put(message, IFLA_PERM_ADDRESS, ETH_ALEN, mac);
	nla_put_u32(message, IFLA_MTU, 9000);
	nla_put_u32(message, IFLA_PROMISCUITY, 2);
	nla_put_u32(message, IFLA_ALLMULTI, 3);
	nla_put_u8(message, IFLA_OPERSTATE, OPER_UP);
	nla_put_u8(message, IFLA_CARRIER, 1);
	nla_put_u32(message, IFLA_LINK, 2);
	nla_put_u32(message, IFLA_MASTER, 9);
	put_info(message, "vlan", 100, ETH_P_8021AD);
	return message;
}

static inline int parse_link(struct nl_msg *message, struct netdev *ret)
{
	int result = netdev_parse_link(nlmsg_hdr(message), nlmsg_hdr(message)->nlmsg_len, ret);

	nlmsg_free(message);
	return result;
}

#endif
