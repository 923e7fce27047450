/* SPDX-License-Identifier: GPL-2.0-only */
#include "datapath/filters.h"
#include "base/text.h"
#include "netdev/rtnetlink.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdio.h>
#include <string.h>

#define FILTERS_TRIES 8

struct filters_reading {
	uint32_t handle;
	struct filters filters;
};

static const struct nla_policy filters_policy[TCA_MAX + 1] = {
	[TCA_KIND] = { .type = NLA_STRING },
	[TCA_OPTIONS] = { .type = NLA_NESTED },
};

static const struct nla_policy filters_bpf_policy[TCA_BPF_MAX + 1] = {
	[TCA_BPF_NAME] = { .type = NLA_STRING },
	[TCA_BPF_ID] = { .type = NLA_U32 },
};

static void filters_describe(const struct tcmsg *tc, struct nlattr *const attributes[],
			     struct filters_foreign *ret)
{
	struct nlattr *options[TCA_BPF_MAX + 1];

	ret->priority = TC_H_MAJ(tc->tcm_info) >> 16;
	snprintf(ret->kind, sizeof(ret->kind), "%s",
		 attributes[TCA_KIND] ? nla_get_string(attributes[TCA_KIND]) : "?");
	if (strcmp(ret->kind, "bpf") || !attributes[TCA_OPTIONS] ||
	    nla_parse_nested(options, TCA_BPF_MAX, attributes[TCA_OPTIONS], filters_bpf_policy) < 0)
		return;
	ret->is_bpf_for_all = TC_H_MIN(tc->tcm_info) == htons(ETH_P_ALL);
	if (options[TCA_BPF_ID])
		ret->program = nla_get_u32(options[TCA_BPF_ID]);
	if (options[TCA_BPF_NAME])
		snprintf(ret->name, sizeof(ret->name), "%s", nla_get_string(options[TCA_BPF_NAME]));
	text_mask(ret->name);
}

/*
 * The kernel dumps one chain after the other, by rising priority, and filters of one priority in
 * the order in which they run.
 */
static int filters_count(const struct nlmsghdr *answer, void *context)
{
	struct filters_reading *reading = context;
	struct filters *filters = &reading->filters;
	struct nlattr *attributes[TCA_MAX + 1];
	const struct tcmsg *tc = nlmsg_data(answer);
	uint32_t base;

	if (answer->nlmsg_type != RTM_NEWTFILTER ||
	    nlmsg_parse((struct nlmsghdr *)answer, sizeof(*tc), attributes, TCA_MAX,
			filters_policy) < 0)
		return 0;
	/* The head of a priority is in the dump as well, without a handle. */
	if (!tc->tcm_handle)
		return 0;
	base = tc->tcm_handle & ~1U;
	if ((base == FILTERS_OUR_HANDLE || base == FILTERS_PORTS_HANDLE) && attributes[TCA_KIND] &&
	    !nla_strcmp(attributes[TCA_KIND], "bpf")) {
		filters->ours++;
		if (base == reading->handle && filters->our_count < FILTERS_OUR_MAX)
			filters->our[filters->our_count++] = (struct filters_our){
				.handle = tc->tcm_handle,
				.priority = (uint16_t)(TC_H_MAJ(tc->tcm_info) >> 16)
			};
		return 0;
	}
	if (!filters->foreign++)
		filters_describe(tc, attributes, &filters->first);
	if (!filters->our_count)
		filters->foreign_before++;
	else if (filters->foreign == filters->foreign_before + 1)
		filters_describe(tc, attributes, &filters->first_behind);
	return 0;
}

/* @result (of @size bytes) is restored before each try. */
static int filters_ask(int type, const struct tcmsg *tc, rtnetlink_answer_fn answer, void *result,
		       size_t size)
{
	struct filters_reading before;
	struct nl_sock *socket;
	int error = rtnetlink_open(&socket);

	if (error)
		return error;
	memcpy(&before, result, size);
	for (int i = 0; i < FILTERS_TRIES; i++) {
		memcpy(result, &before, size);
		error = rtnetlink_request(socket,
					  rtnetlink_message(type, NLM_F_DUMP, tc, sizeof(*tc)),
					  answer, result);
		if (error != -EINTR)
			break;
	}
	nl_socket_free(socket);
	return error;
}

struct filters_finding {
	int ifindex;
	enum filters_qdisc qdisc;
};

static int filters_note_qdisc(const struct nlmsghdr *answer, void *context)
{
	struct filters_finding *finding = context;
	struct nlattr *attributes[TCA_MAX + 1];
	const struct tcmsg *tc = nlmsg_data(answer);

	/* Parsed first: before that, it may be shorter than its header. */
	if (answer->nlmsg_type != RTM_NEWQDISC ||
	    nlmsg_parse((struct nlmsghdr *)answer, sizeof(*tc), attributes, TCA_MAX,
			filters_policy) < 0 ||
	    tc->tcm_ifindex != finding->ifindex || tc->tcm_parent != TC_H_CLSACT ||
	    !attributes[TCA_KIND])
		return 0;
	finding->qdisc = nla_strcmp(attributes[TCA_KIND], "ingress") ? FILTERS_QDISC_CLSACT
								     : FILTERS_QDISC_INGRESS;
	return 0;
}

int filters_get_qdisc(int ifindex, enum filters_qdisc *ret)
{
	struct filters_finding finding = { .ifindex = ifindex };
	const struct tcmsg tc = { .tcm_family = AF_UNSPEC };
	/*
	 * For all devices: before Linux 6.8 a request for one qdisc is answered to all listeners,
	 * this agent included.
	 */
	int error = filters_ask(RTM_GETQDISC, &tc, filters_note_qdisc, &finding, sizeof(finding));

	if (!error)
		*ret = finding.qdisc;
	return error;
}

int filters_scan(int ifindex, enum hook_direction direction, uint32_t handle, struct filters *ret)
{
	struct filters_reading reading = { .handle = handle };
	const struct tcmsg tc = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = ifindex,
		.tcm_parent = TC_H_MAKE(TC_H_CLSACT, direction == HOOK_EGRESS ? TC_H_MIN_EGRESS
									      : TC_H_MIN_INGRESS),
	};
	int error = filters_ask(RTM_GETTFILTER, &tc, filters_count, &reading, sizeof(reading));
	enum filters_qdisc qdisc;

	/* There is no such device, or the kernel has no filters. */
	if (error == -ENODEV || error == -ENOENT || error == -EOPNOTSUPP) {
		reading.filters = (struct filters){ 0 };
		error = 0;
	}
	if (!error && direction == HOOK_EGRESS && reading.filters.foreign + reading.filters.ours) {
		error = filters_get_qdisc(ifindex, &qdisc);
		if (!error && qdisc != FILTERS_QDISC_CLSACT)
			reading.filters = (struct filters){ 0 };
	}
	if (!error)
		*ret = reading.filters;
	return error;
}
