/* SPDX-License-Identifier: GPL-2.0-only */
#include "filters.h"

#include <errno.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <string.h>

struct filters_reading {
	uint32_t handle;
	struct filters filters;
};

static int filters_count(struct nl_msg *message, void *argument)
{
	struct nlmsghdr *header = nlmsg_hdr(message);
	struct filters_reading *reading = argument;
	struct filters *filters = &reading->filters;
	struct nlattr *attributes[TCA_MAX + 1];
	struct tcmsg *tc;
	uint16_t priority;

	if (header->nlmsg_type != RTM_NEWTFILTER || nlmsg_parse(header, sizeof(*tc), attributes, TCA_MAX, NULL) < 0)
		return NL_SKIP;
	tc = nlmsg_data(header);
	/* The chain's head stands in the dump once more, without a handle. */
	if (!tc->tcm_handle)
		return NL_OK;
	priority = TC_H_MAJ(tc->tcm_info) >> 16;
	if ((tc->tcm_handle == FILTERS_OUR_HANDLE || tc->tcm_handle == FILTERS_PORTS_HANDLE) && attributes[TCA_KIND] &&
	    !nla_strcmp(attributes[TCA_KIND], "bpf")) {
		filters->ours++;
		if (tc->tcm_handle == reading->handle)
			filters->our_priority = priority;
		return NL_OK;
	}
	filters->foreign++;
	if (!filters->first_foreign || priority < filters->first_foreign)
		filters->first_foreign = priority;
	if (priority > filters->last_foreign)
		filters->last_foreign = priority;
	return NL_OK;
}

struct filters_qdisc {
	int ifindex;
	bool found;
};

static int filters_note_qdisc(struct nl_msg *message, void *argument)
{
	struct filters_qdisc *qdisc = argument;
	struct tcmsg *tc = nlmsg_data(nlmsg_hdr(message));

	if (nlmsg_hdr(message)->nlmsg_type == RTM_NEWQDISC && tc->tcm_ifindex == qdisc->ifindex && tc->tcm_parent == TC_H_CLSACT)
		qdisc->found = true;
	return NL_OK;
}

bool filters_has_qdisc(int ifindex)
{
	struct filters_qdisc qdisc = { .ifindex = ifindex };
	struct tcmsg tc = { .tcm_family = AF_UNSPEC };
	struct nl_sock *socket = nl_socket_alloc();

	if (!socket)
		return false;
	nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, filters_note_qdisc, &qdisc);
	/* All devices': the kernel picks none out of a dump. */
	if (nl_connect(socket, NETLINK_ROUTE) >= 0 && nl_send_simple(socket, RTM_GETQDISC, NLM_F_DUMP, &tc, sizeof(tc)) >= 0)
		nl_recvmsgs_default(socket);
	nl_socket_free(socket);
	return qdisc.found;
}

int filters_scan(int ifindex, enum hook_direction direction, uint32_t handle, struct filters *ret)
{
	struct filters_reading reading = { .handle = handle };
	struct tcmsg tc = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = ifindex,
		.tcm_parent = TC_H_MAKE(TC_H_CLSACT, direction == HOOK_EGRESS ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS),
	};
	struct nl_sock *socket = nl_socket_alloc();
	int error;

	if (!socket)
		return -ENOMEM;
	error = -ENOTCONN;
	if (nl_connect(socket, NETLINK_ROUTE) < 0)
		goto out;
	nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, filters_count, &reading);
	error = -EIO;
	if (nl_send_simple(socket, RTM_GETTFILTER, NLM_F_DUMP, &tc, sizeof(tc)) < 0)
		goto out;
	/* Any refusal means that there is no such qdisc or device, hence no filter. */
	if (nl_recvmsgs_default(socket) < 0)
		memset(&reading.filters, 0, sizeof(reading.filters));
	*ret = reading.filters;
	error = 0;
out:
	nl_socket_free(socket);
	return error;
}
