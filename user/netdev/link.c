/* SPDX-License-Identifier: GPL-2.0-only */
#include "netdev/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/socket.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "netdev/link_requests.h"
#include "netdev/rtnetlink.h"

int link_requests_new(struct link_requests **ret)
{
	struct link_requests *requests = calloc(1, sizeof(*requests));
	int error;

	if (!requests)
		return -ENOMEM;
	error = rtnetlink_open(&requests->socket);
	if (error) {
		free(requests);
		return error;
	}
	*ret = requests;
	return 0;
}

void link_requests_free(struct link_requests *requests)
{
	if (!requests)
		return;
	nl_socket_free(requests->socket);
	free(requests);
}

/*
 * A request to change (RTM_NEWLINK) or remove (RTM_DELLINK) @ifindex; the caller may add
 * attributes.
 */
static struct nl_msg *link_message(int type, int ifindex, uint32_t flags, uint32_t mask)
{
	/* 0 would mean "the one named by IFLA_IFNAME", and -1 any. */
	struct ifinfomsg header = { .ifi_family = AF_UNSPEC,
				    .ifi_index = ifindex,
				    .ifi_flags = flags,
				    .ifi_change = mask };

	return rtnetlink_message(type, NLM_F_ACK, &header, sizeof(header));
}

int link_set_flags(struct link_requests *requests, int ifindex, uint32_t flags, uint32_t mask)
{
	if (ifindex <= 0)
		return -ENODEV;
	if (mask == 0) /* the kernel takes 0 as all */
		return 0;
	return rtnetlink_request(requests->socket, link_message(RTM_SETLINK, ifindex, flags, mask),
				 NULL, NULL);
}

int link_set_mtu(struct link_requests *requests, int ifindex, uint32_t mtu)
{
	struct nl_msg *request = link_message(RTM_SETLINK, ifindex, 0, 0);

	if (ifindex <= 0 || (request && nla_put_u32(request, IFLA_MTU, mtu) < 0)) {
		nlmsg_free(request);
		return ifindex <= 0 ? -ENODEV : -EMSGSIZE;
	}
	return rtnetlink_request(requests->socket, request, NULL, NULL);
}

int link_set_addr_gen_mode(struct link_requests *requests, int ifindex, uint8_t mode)
{
	struct nl_msg *request;
	struct nlattr *families, *inet6;

	if (ifindex <= 0)
		return -ENODEV;
	request = link_message(RTM_SETLINK, ifindex, 0, 0);
	if (!request)
		return -ENOMEM;
	families = nla_nest_start(request, IFLA_AF_SPEC);
	inet6 = families ? nla_nest_start(request, AF_INET6) : NULL;
	if (!inet6 || nla_put_u8(request, IFLA_INET6_ADDR_GEN_MODE, mode) < 0) {
		nlmsg_free(request);
		return -EMSGSIZE;
	}
	nla_nest_end(request, inet6);
	nla_nest_end(request, families);
	return rtnetlink_request(requests->socket, request, NULL, NULL);
}

static int create_vlan(struct link_requests *requests, int lower_ifindex, const char *name,
		       uint16_t vlan_id, uint16_t vlan_protocol)
{
	struct ifinfomsg header = { .ifi_family = AF_UNSPEC };
	struct nl_msg *request = rtnetlink_message(
		RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, &header, sizeof(header));
	struct nlattr *info, *data;

	if (!request)
		return -ENOMEM;
	if (nla_put_string(request, IFLA_IFNAME, name) < 0 ||
	    nla_put_u32(request, IFLA_LINK, (uint32_t)lower_ifindex) < 0)
		goto full;
	info = nla_nest_start(request, IFLA_LINKINFO);
	if (!info || nla_put_string(request, IFLA_INFO_KIND, "vlan") < 0)
		goto full;
	data = nla_nest_start(request, IFLA_INFO_DATA);
	if (!data || nla_put_u16(request, IFLA_VLAN_ID, vlan_id) < 0 ||
	    nla_put_u16(request, IFLA_VLAN_PROTOCOL, htons(vlan_protocol)) < 0)
		goto full;
	nla_nest_end(request, data);
	nla_nest_end(request, info);
	return rtnetlink_request(requests->socket, request, NULL, NULL);
full:
	nlmsg_free(request);
	return -EMSGSIZE;
}

/*
 * The kernel accepts no alias when a device is created. The alias only informs people: no failure.
 */
static void explain_vlan(struct link_requests *requests, int ifindex, int lower_ifindex,
			 uint16_t vlan_id)
{
	char lower[IF_NAMESIZE] = "the device below", alias[128];
	struct nl_msg *request = link_message(RTM_SETLINK, ifindex, 0, 0);

	if_indextoname((unsigned)lower_ifindex, lower);
	snprintf(alias, sizeof(alias), "vfsteer: lets VLAN %u through the VLAN filter of %s",
		 vlan_id, lower);
	if (request)
		nla_put_string(request, IFLA_IFALIAS, alias);
	rtnetlink_request(requests->socket, request, NULL, NULL);
}

int link_add_vlan(struct link_requests *requests, int lower_ifindex, const char *name,
		  uint16_t vlan_id, uint16_t vlan_protocol)
{
	int error = create_vlan(requests, lower_ifindex, name, vlan_id, vlan_protocol);
	int ifindex;

	if (error)
		return error;
	ifindex = (int)if_nametoindex(name);
	if (ifindex == 0)
		return -errno;
	explain_vlan(requests, ifindex, lower_ifindex, vlan_id);
	error = link_set_addr_gen_mode(requests, ifindex, IN6_ADDR_GEN_MODE_NONE);
	return error == -EAFNOSUPPORT ? 0 : error;
}

int link_delete(struct link_requests *requests, int ifindex)
{
	if (ifindex <= 0)
		return -ENODEV;
	return rtnetlink_request(requests->socket, link_message(RTM_DELLINK, ifindex, 0, 0), NULL,
				 NULL);
}

static int request_group(struct link_requests *requests, int type, int ifindex, uint32_t group)
{
	struct nl_msg *request = link_message(type, ifindex, 0, 0);

	if (request && nla_put_u32(request, IFLA_GROUP, group) < 0) {
		nlmsg_free(request);
		return -EMSGSIZE;
	}
	return rtnetlink_request(requests->socket, request, NULL, NULL);
}

static int delete_each(struct link_requests *requests, const int *ifindexes, size_t count)
{
	int first_error = 0;

	for (size_t i = 0; i < count; i++) {
		int error = link_delete(requests, ifindexes[i]);

		if (error && error != -ENODEV && !first_error)
			first_error = error;
	}
	return first_error;
}

int link_delete_all(struct link_requests *requests, const int *ifindexes, size_t count)
{
	uint32_t group;
	int error = 0;

	/*
	 * Random, so that no other device is in this group. 0 is the group of all devices without
	 * one.
	 */
	if (count < 2 || getrandom(&group, sizeof(group), GRND_NONBLOCK) != sizeof(group))
		return delete_each(requests, ifindexes, count);
	group = (group | 1u << 30) & INT32_MAX;
	for (size_t i = 0; i < count && (!error || error == -ENODEV); i++)
		error = ifindexes[i] > 0 ? request_group(requests, RTM_SETLINK, ifindexes[i], group)
					 : -ENODEV;
	if (!error || error == -ENODEV)
		error = request_group(requests, RTM_DELLINK, 0, group);
	/* -ENODEV: all are gone. */
	return error && error != -ENODEV ? delete_each(requests, ifindexes, count) : 0;
}
