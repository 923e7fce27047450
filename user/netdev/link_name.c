/* SPDX-License-Identifier: GPL-2.0-only */
#include "netdev/link.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdio.h>

#include "netdev/link_requests.h"
#include "netdev/netdev_parse.h"
#include "netdev/rtnetlink.h"

static int take_name(const struct nlmsghdr *answer, void *context)
{
	struct netdev device;

	if (!netdev_parse_link(answer, answer->nlmsg_len, &device))
		snprintf(context, IF_NAMESIZE, "%s", device.name);
	return 0;
}

/*
 * IFLA_ALT_IFNAME asks for an ifname as well; an ioctl has no room for a long name. Before Linux
 * 5.5 it is not known: -EINVAL.
 */
int link_find_name(struct link_requests *requests, const char *name, char ret[IF_NAMESIZE])
{
	struct ifinfomsg header = { .ifi_family = AF_UNSPEC };
	struct nl_msg *request = rtnetlink_message(RTM_GETLINK, NLM_F_ACK, &header, sizeof(header));
	char found[IF_NAMESIZE] = "";
	int error;

	if (request && (nla_put_u32(request, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS) < 0 ||
			nla_put_string(request, IFLA_ALT_IFNAME, name) < 0)) {
		nlmsg_free(request);
		return -EMSGSIZE;
	}
	error = rtnetlink_request(requests->socket, request, take_name, found);
	if (error)
		return error == -EINVAL ? -ENODEV : error;
	if (!found[0])
		return -ENODEV;
	snprintf(ret, IF_NAMESIZE, "%s", found);
	return 0;
}
