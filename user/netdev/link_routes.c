/* SPDX-License-Identifier: GPL-2.0-only */
/* Routes of type local: RTM_GETROUTE of the table local. */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/socket.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/room.h"
#include "netdev/link.h"
#include "netdev/link_requests.h"
#include "netdev/rtnetlink.h"

struct local_routes {
	struct link_local_route *list;
	size_t count, size;
};

static int take_route(const struct nlmsghdr *message, void *context)
{
	static const struct nla_policy policy[RTA_MAX + 1] = {
		[RTA_DST] = { .minlen = sizeof(struct in_addr), .maxlen = sizeof(struct in_addr) },
	};
	struct nlattr *values[RTA_MAX + 1];
	struct local_routes *routes = context;
	const struct rtmsg *route;

	if (message->nlmsg_type != RTM_NEWROUTE ||
	    nlmsg_parse((struct nlmsghdr *)message, sizeof(*route), values, RTA_MAX, policy) < 0)
		return 0;
	route = nlmsg_data(message);
	if (route->rtm_family != AF_INET || route->rtm_table != RT_TABLE_LOCAL ||
	    route->rtm_type != RTN_LOCAL || route->rtm_dst_len > 32)
		return 0;
	if (room_for_one(routes->list, routes->count, &routes->size))
		return -ENOMEM;
	routes->list[routes->count++] = (struct link_local_route){
		.network.s_addr = values[RTA_DST] ? nla_get_u32(values[RTA_DST]) : INADDR_ANY,
		.prefix_length = route->rtm_dst_len,
	};
	return 0;
}

int link_list_local_routes(struct link_requests *requests, struct link_local_route **ret,
			   size_t *ret_count)
{
	const struct rtmsg header = { .rtm_family = AF_INET,
				      .rtm_table = RT_TABLE_LOCAL,
				      .rtm_type = RTN_LOCAL };
	int fd = nl_socket_get_fd(requests->socket), strict = 1;
	struct local_routes routes = { 0 };
	int error;

	/* Without it the kernel ignores the header, and the dump has all tables. */
	if (setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &strict, sizeof(strict)))
		return -errno;
	error = rtnetlink_request(
		requests->socket,
		rtnetlink_message(RTM_GETROUTE, NLM_F_DUMP, &header, sizeof(header)), take_route,
		&routes);
	strict = 0;
	if (setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &strict, sizeof(strict)) && !error)
		error = -errno;
	if (error) {
		free(routes.list);
		return error;
	}
	*ret = routes.list;
	*ret_count = routes.count;
	return 0;
}
