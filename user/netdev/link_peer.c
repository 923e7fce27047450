/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Veths. IFLA_LINK and IFLA_LINK_NETNSID locate the other end, IFLA_TARGET_NETNSID asks in its
 * namespace.
 */
#include "netdev/link.h"
#include "netdev/link_requests.h"
#include "netdev/rtnetlink.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

static const struct nla_policy peer_policy[IFLA_MAX + 1] = {
	[IFLA_LINK] = { .type = NLA_U32 },
	[IFLA_LINK_NETNSID] = { .type = NLA_S32 },
	[IFLA_ADDRESS] = { .minlen = ETH_ALEN, .maxlen = ETH_ALEN },
};

struct peer_answer {
	int link, namespace_id; /* 0 and LINK_SAME_NAMESPACE: unknown */
	bool has_mac;
	uint8_t mac[ETH_ALEN];
};

static int take_link(const struct nlmsghdr *answer, void *context)
{
	struct nlattr *values[IFLA_MAX + 1];
	struct peer_answer *found = context;

	if (answer->nlmsg_type != RTM_NEWLINK ||
	    nlmsg_parse((struct nlmsghdr *)answer, sizeof(struct ifinfomsg), values, IFLA_MAX,
			peer_policy) < 0)
		return 0;
	if (values[IFLA_LINK])
		found->link = (int)nla_get_u32(values[IFLA_LINK]);
	if (values[IFLA_LINK_NETNSID])
		found->namespace_id = nla_get_s32(values[IFLA_LINK_NETNSID]);
	found->has_mac = values[IFLA_ADDRESS];
	if (found->has_mac)
		memcpy(found->mac, nla_data(values[IFLA_ADDRESS]), ETH_ALEN);
	return 0;
}

static int get_link(struct link_requests *requests, int ifindex, int namespace_id,
		    struct peer_answer *ret)
{
	struct ifinfomsg header = { .ifi_family = AF_UNSPEC, .ifi_index = ifindex };
	struct nl_msg *request = rtnetlink_message(RTM_GETLINK, NLM_F_ACK, &header, sizeof(header));

	*ret = (struct peer_answer){ .namespace_id = LINK_SAME_NAMESPACE };
	if (request && namespace_id != LINK_SAME_NAMESPACE &&
	    nla_put_s32(request, IFLA_TARGET_NETNSID, namespace_id) < 0) {
		nlmsg_free(request);
		return -EMSGSIZE;
	}
	return rtnetlink_request(requests->socket, request, take_link, ret);
}

int link_get_peer(struct link_requests *requests, int ifindex, struct link_peer *ret)
{
	struct peer_answer own, other;
	int error = get_link(requests, ifindex, LINK_SAME_NAMESPACE, &own);

	if (!error && !own.link)
		error = -ENODEV;
	if (!error)
		error = get_link(requests, own.link, own.namespace_id, &other);
	if (!error && !other.has_mac)
		error = -ENODEV;
	if (error)
		return error;
	ret->ifindex = own.link;
	ret->namespace_id = own.namespace_id;
	memcpy(ret->mac, other.mac, ETH_ALEN);
	return 0;
}

static bool put_end(struct nl_msg *request, const struct link_end *end)
{
	return nla_put_string(request, IFLA_IFNAME, end->name) >= 0 &&
	       nla_put(request, IFLA_ADDRESS, ETH_ALEN, end->mac) >= 0;
}

/* The attributes of the other end are nested, behind their own header. */
static bool put_peer(struct nl_msg *request, const struct link_end *end)
{
	const struct ifinfomsg header = { .ifi_family = AF_UNSPEC };
	struct nlattr *info = nla_nest_start(request, IFLA_LINKINFO), *data, *peer;

	if (!info || nla_put_string(request, IFLA_INFO_KIND, "veth") < 0)
		return false;
	data = nla_nest_start(request, IFLA_INFO_DATA);
	peer = data ? nla_nest_start(request, VETH_INFO_PEER) : NULL;
	if (!peer || nlmsg_append(request, (void *)&header, sizeof(header), NLMSG_ALIGNTO) < 0 ||
	    !put_end(request, end))
		return false;
	nla_nest_end(request, peer);
	nla_nest_end(request, data);
	nla_nest_end(request, info);
	return true;
}

int link_add_veth(struct link_requests *requests, const struct link_end ends[2])
{
	const struct ifinfomsg header = { .ifi_family = AF_UNSPEC };
	struct nl_msg *request = rtnetlink_message(
		RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, &header, sizeof(header));

	if (request && (!put_end(request, &ends[0]) || !put_peer(request, &ends[1]))) {
		nlmsg_free(request);
		return -EMSGSIZE;
	}
	return rtnetlink_request(requests->socket, request, NULL, NULL);
}
