/* SPDX-License-Identifier: GPL-2.0-only */
/* The VLANs of a bridge and of its ports: RTM_GETLINK of AF_BRIDGE. */
#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/socket.h>

#include "netdev/link.h"
#include "netdev/link_requests.h"
#include "netdev/rtnetlink.h"

struct bridge_vlans {
	int ifindex;
	uint8_t *flags;
	uint16_t begin; /* of the current range; 0: none */
};

static void take_vlan(struct bridge_vlans *vlans, const struct bridge_vlan_info *info)
{
	uint8_t flags = LINK_VLAN_MEMBER |
			(info->flags & BRIDGE_VLAN_INFO_UNTAGGED ? LINK_VLAN_UNTAGGED : 0) |
			(info->flags & BRIDGE_VLAN_INFO_PVID ? LINK_VLAN_PVID : 0);
	uint16_t from = info->vid;

	if (info->vid >= LINK_VLAN_IDS)
		return;
	if (info->flags & BRIDGE_VLAN_INFO_RANGE_BEGIN) {
		vlans->begin = info->vid;
		return;
	}
	if (info->flags & BRIDGE_VLAN_INFO_RANGE_END && vlans->begin && vlans->begin <= info->vid)
		from = vlans->begin;
	vlans->begin = 0;
	for (uint16_t id = from; id <= info->vid; id++)
		vlans->flags[id] = flags;
}

static int take_port(const struct nlmsghdr *answer, void *context)
{
	struct nlattr *values[IFLA_MAX + 1], *entry;
	struct bridge_vlans *vlans = context;
	int left;

	if (answer->nlmsg_type != RTM_NEWLINK ||
	    nlmsg_parse((struct nlmsghdr *)answer, sizeof(struct ifinfomsg), values, IFLA_MAX,
			NULL) < 0)
		return 0;
	if (((const struct ifinfomsg *)nlmsg_data(answer))->ifi_index != vlans->ifindex ||
	    !values[IFLA_AF_SPEC])
		return 0;
	vlans->begin = 0;
	nla_for_each_nested(entry, values[IFLA_AF_SPEC], left)
	{
		if (nla_type(entry) == IFLA_BRIDGE_VLAN_INFO &&
		    nla_len(entry) >= (int)sizeof(struct bridge_vlan_info))
			take_vlan(vlans, nla_data(entry));
	}
	return 0;
}

int link_get_bridge_vlans(struct link_requests *requests, int ifindex, uint8_t flags[LINK_VLAN_IDS])
{
	struct bridge_vlans vlans = { .ifindex = ifindex, .flags = flags };
	struct ifinfomsg header = { .ifi_family = AF_BRIDGE };
	int error = -EINTR;

	/* Dumps all ports: the kernel offers no filter. */
	for (int i = 0; i < RTNETLINK_DUMP_ATTEMPTS && error == -EINTR; i++) {
		struct nl_msg *request =
			rtnetlink_message(RTM_GETLINK, NLM_F_DUMP, &header, sizeof(header));

		if (request)
			nla_put_u32(request, IFLA_EXT_MASK, RTEXT_FILTER_BRVLAN_COMPRESSED);
		error = rtnetlink_request(requests->socket, request, take_port, &vlans);
	}
	return error;
}
