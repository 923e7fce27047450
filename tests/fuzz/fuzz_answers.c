/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Answers to requests: receive lists, a bridge's table, its ports' VLANs and groups, tc filters,
 * qdiscs with all below and what waits in them, a veth's other end, a namespace's number, XDP
 * features, local routes. The first byte chooses, the rest is the datagram.
 */
#include "netdev/rtnetlink.c"
#include "netdev/in_flight.c"
#include "netdev/link_filters.c"
#include "datapath/filters.c"
#include "netdev/link_groups.c"
#include "netdev/link_peer.c"
#include "netdev/link_routes.c"
#include "netdev/link_vlans.c"
#include "port/port_peer.c"
#include "netdev/qdisc_filter.c"
#include "netdev/qdisc_options.c"
#include "netdev/qdisc_plan.c"
#include "netdev/qdisc_tree.c"
#include "netdev/xdp_features.c"

#include "fuzz.h"

#define ROOM 4

static int take_qdisc(const struct nlmsghdr *answer, void *context)
{
	return qdisc_tree_take(context, answer, answer->nlmsg_len, 7);
}

/*
 * Both devices have what was read: then the primary's is as it should be, unless something is in
 * the way.
 */
static void plan_qdiscs(struct qdisc_tree *tree)
{
	struct qdisc_tree primary = { 0 };
	const struct qdisc_object *root;
	struct qdisc_plan plan;
	char text[128];

	for (size_t i = 0; i < tree->count; i++)
		qdisc_tree_add(&primary, &tree->objects[i]);
	root = qdisc_tree_root(tree);
	FUZZ_EXPECT(!qdisc_plan_make(tree, &primary, root ? root->handle : 0, false, &plan));
	FUZZ_EXPECT((plan.verdict == QDISC_BUILD) <= (plan.wanted.count > 0));
	qdisc_plan_explain(&plan, text, sizeof(text));
	FUZZ_EXPECT(!qdisc_plan_is_bypassed(&plan) || text[0] || plan.verdict == QDISC_REMOVE);
	qdisc_plan_free(&plan);
	qdisc_tree_free(&primary);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t macs[ROOM][ETH_ALEN];
	struct collection collection = { .ifindex = 7, .macs = macs, .size = ROOM };
	struct stations stations = { .port_ifindex = 7 };
	struct filters_reading filters = { .handle = FILTERS_OUR_HANDLE };
	struct filters_finding finding = { .ifindex = 7 };
	struct peer_answer peer = { .namespace_id = LINK_SAME_NAMESPACE };
	uint8_t vlan_flags[LINK_VLAN_IDS] = { 0 };
	struct bridge_vlans vlans = { .ifindex = 7, .flags = vlan_flags };
	struct groups groups = { 0 };
	struct in_flight_qdiscs queued = { .ifindex = 7 };
	struct local_routes routes = { 0 };
	struct qdisc_tree tree = { 0 };
	uint64_t features = 0;
	int id = -1;
	struct exchange exchange = { .context = &collection };
	void *datagram;

	if (!size || size > ANSWER_SIZE)
		return 0;
	switch (*data) {
	case 'l':
		exchange.answer = take_learned;
		exchange.context = &stations;
		break;
	case 't':
		exchange.answer = filters_count;
		exchange.context = &filters;
		break;
	case 'q':
		exchange.answer = filters_note_qdisc;
		exchange.context = &finding;
		break;
	case 'p':
		exchange.answer = take_link;
		exchange.context = &peer;
		break;
	case 'v':
		exchange.answer = take_port;
		exchange.context = &vlans;
		break;
	case 'g':
		exchange.answer = take_bridge;
		exchange.context = &groups;
		break;
	case 'n':
		exchange.answer = take_id;
		exchange.context = &id;
		break;
	case 'r':
		exchange.answer = take_qdisc;
		exchange.context = &tree;
		break;
	case 'i':
		exchange.answer = in_flight_take;
		exchange.context = &queued;
		break;
	case 'x':
		exchange.answer = features_take;
		exchange.context = &features;
		break;
	case 'o':
		exchange.answer = take_route;
		exchange.context = &routes;
		break;
	default:
		exchange.answer = take_filter;
		break;
	}
	datagram = malloc(size);
	memcpy(datagram, data + 1, size - 1);
	take_datagram(&exchange, datagram, size - 1);
	/* A qdisc that is not understood ends no answer, and makes it of no use. */
	FUZZ_EXPECT(exchange.error <= 0 &&
		    (exchange.done || !exchange.error || exchange.context == &tree ||
		     exchange.context == &queued));
	FUZZ_EXPECT(filters.filters.foreign_before <= filters.filters.foreign);
	FUZZ_EXPECT(filters.filters.our_count <= filters.filters.ours &&
		    filters.filters.our_count <= FILTERS_OUR_MAX);
	FUZZ_EXPECT(finding.qdisc <= FILTERS_QDISC_INGRESS);
	for (size_t i = 0; i < groups.count; i++)
		FUZZ_EXPECT(groups.list[i].is_router ? !groups.list[i].family
						     : groups.list[i].family == AF_INET ||
							       groups.list[i].family == AF_INET6);
	free(groups.list);
	plan_qdiscs(&tree);
	qdisc_tree_free(&tree);
	free(stations.list);
	free(routes.list);
	free(datagram);
	return 0;
}
