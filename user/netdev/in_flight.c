/* SPDX-License-Identifier: GPL-2.0-only */
#include "netdev/in_flight.h"
#include "netdev/link_requests.h"
#include "netdev/rtnetlink.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/gen_stats.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <string.h>

#define IN_FLIGHT_QUEUES_MAX 4096 /* queues beyond are not looked at; no driver has so many */

/* False: there is no such file, or no number in it. */
static bool read_number(const char *path, uint64_t *ret)
{
	FILE *file = fopen(path, "re");
	bool is_read = file && fscanf(file, "%" SCNu64, ret) == 1;

	if (file)
		fclose(file);
	return is_read;
}

static uint64_t read_queues(const char *name)
{
	uint64_t sum = 0, bytes;
	char path[128];

	for (unsigned queue = 0; queue < IN_FLIGHT_QUEUES_MAX; queue++) {
		snprintf(path, sizeof(path),
			 "/sys/class/net/%.15s/queues/tx-%u/byte_queue_limits/inflight", name,
			 queue);
		if (!read_number(path, &bytes))
			break;
		sum += bytes;
	}
	return sum;
}

int in_flight_take(const struct nlmsghdr *answer, void *context)
{
	struct in_flight_qdiscs *sum = context;
	struct gnet_stats_queue values = { 0 };
	struct nlattr *statistics, *queue;
	struct tcmsg header;

	if (answer->nlmsg_type != RTM_NEWQDISC)
		return 0;
	if (answer->nlmsg_len < NLMSG_LENGTH(sizeof(header)))
		return -EBADMSG;
	memcpy(&header, NLMSG_DATA(answer), sizeof(header));
	/* Its parts are counted in the root as well. */
	if (header.tcm_ifindex != sum->ifindex || header.tcm_parent != TC_H_ROOT)
		return 0;
	statistics = nlmsg_find_attr((struct nlmsghdr *)answer, sizeof(header), TCA_STATS2);
	queue = statistics ? nla_find(nla_data(statistics), nla_len(statistics), TCA_STATS_QUEUE)
			   : NULL;
	if (queue && nla_len(queue) >= (int)sizeof(values))
		memcpy(&values, nla_data(queue), sizeof(values));
	sum->packets += values.qlen;
	return 0;
}

/* A dump of all, as in qdisc.c. */
static int read_qdiscs(struct link_requests *requests, int ifindex, uint64_t *ret)
{
	struct tcmsg header = { .tcm_family = AF_UNSPEC, .tcm_ifindex = ifindex };
	int error = -EINTR;

	for (int attempt = 0; attempt < RTNETLINK_DUMP_ATTEMPTS && error == -EINTR; attempt++) {
		struct in_flight_qdiscs sum = { .ifindex = ifindex };

		error = rtnetlink_request(
			requests->socket,
			rtnetlink_message(RTM_GETQDISC, NLM_F_DUMP, &header, sizeof(header)),
			in_flight_take, &sum);
		*ret = sum.packets;
	}
	return error;
}

int in_flight_read(struct link_requests *requests, int ifindex, const char *name, bool with_qdiscs,
		   struct in_flight *ret)
{
	struct in_flight found = { .bytes = read_queues(name) };
	char path[128];
	int error = with_qdiscs ? read_qdiscs(requests, ifindex, &found.packets) : 0;

	if (error)
		return error;
	snprintf(path, sizeof(path), "/sys/class/net/%.15s/statistics/tx_packets", name);
	if (!read_number(path, &found.sent))
		found.sent = 0;
	*ret = found;
	return 0;
}
