/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's counters of a device. */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "netdev/link.h"
#include "netdev/link_requests.h"
#include "netdev/rtnetlink.h"

static int take_stats(const struct nlmsghdr *message, void *context)
{
	struct nlattr *values[IFLA_STATS_MAX + 1];
	struct rtnl_link_stats64 *stats = context;

	if (message->nlmsg_type != RTM_NEWSTATS ||
	    nlmsg_parse((struct nlmsghdr *)message, sizeof(struct if_stats_msg), values,
			IFLA_STATS_MAX, NULL) < 0 ||
	    !values[IFLA_STATS_LINK_64] ||
	    (size_t)nla_len(values[IFLA_STATS_LINK_64]) <
		    offsetof(struct rtnl_link_stats64, tx_bytes))
		return -EBADMSG;
	memcpy(stats, nla_data(values[IFLA_STATS_LINK_64]),
	       offsetof(struct rtnl_link_stats64, tx_bytes));
	return 0;
}

static int get_stats(struct link_requests *requests, int ifindex, struct rtnl_link_stats64 *ret)
{
	struct if_stats_msg header = { .ifindex = (uint32_t)ifindex,
				       .filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64) };
	struct nl_msg *request =
		rtnetlink_message(RTM_GETSTATS, NLM_F_ACK, &header, sizeof(header));

	return rtnetlink_request(requests->socket, request, take_stats, ret);
}

int link_get_sent(struct link_requests *requests, int ifindex, uint64_t *ret)
{
	struct rtnl_link_stats64 stats = { 0 };
	int error = get_stats(requests, ifindex, &stats);

	if (!error)
		*ret = stats.tx_packets;
	return error;
}

int link_get_received(struct link_requests *requests, int ifindex, uint64_t *ret_packets,
		      uint64_t *ret_bytes)
{
	struct rtnl_link_stats64 stats = { 0 };
	int error = get_stats(requests, ifindex, &stats);

	if (!error) {
		*ret_packets = stats.rx_packets;
		*ret_bytes = stats.rx_bytes;
	}
	return error;
}
