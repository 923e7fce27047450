/* SPDX-License-Identifier: GPL-2.0-only */
#include "netdev/link.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdio.h>

#include "netdev/link_requests.h"
#include "netdev/netdev.h"
#include "netdev/rtnetlink.h"

int link_delete_address(struct link_requests *requests, const struct netdev_address *address)
{
	struct ifaddrmsg header = { .ifa_family = (uint8_t)address->family,
				    .ifa_prefixlen = address->prefix_length,
				    .ifa_index = (uint32_t)address->ifindex };
	int size = address->family == AF_INET ? sizeof(address->v4) : sizeof(address->v6);
	struct nl_msg *request = rtnetlink_message(RTM_DELADDR, NLM_F_ACK, &header, sizeof(header));

	if (request && nla_put(request, IFA_LOCAL, size, &address->v6) < 0) {
		nlmsg_free(request);
		return -EMSGSIZE;
	}
	return rtnetlink_request(requests->socket, request, NULL, NULL);
}
