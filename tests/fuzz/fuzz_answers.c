/* SPDX-License-Identifier: GPL-2.0-only */
/* Answers to requests: receive lists, a bridge's table, tc filters and qdiscs, a veth's other end, a namespace's number, XDP features. The first byte
 * chooses, the rest is the datagram. */
#include "rtnetlink.c"
#include "link_filters.c"
#include "filters.c"
#include "link_peer.c"
#include "port_peer.c"
#include "xdp_features.c"

#include "fuzz.h"

#define ROOM 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t macs[ROOM][ETH_ALEN];
	static struct link_learned learned[ROOM];
	struct collection collection = { .ifindex = 7, .macs = macs, .learned = learned, .size = ROOM };
	struct filters_reading filters = { .handle = FILTERS_OUR_HANDLE };
	struct filters_finding finding = { .ifindex = 7 };
	struct peer_answer peer = { .namespace_id = LINK_SAME_NAMESPACE };
	uint64_t features = 0;
	int id = -1;
	struct exchange exchange = { .context = &collection };
	void *datagram;

	if (!size || size > ANSWER_SIZE)
		return 0;
	switch (*data) {
	case 'l':
		exchange.answer = take_learned;
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
	case 'n':
		exchange.answer = take_id;
		exchange.context = &id;
		break;
	case 'x':
		exchange.answer = features_take;
		exchange.context = &features;
		break;
	default:
		exchange.answer = take_filter;
		break;
	}
	datagram = malloc(size);
	memcpy(datagram, data + 1, size - 1);
	take_datagram(&exchange, datagram, size - 1);
	FUZZ_EXPECT(exchange.error <= 0 && (exchange.done || !exchange.error));
	FUZZ_EXPECT(filters.filters.foreign_before <= filters.filters.foreign);
	FUZZ_EXPECT(filters.filters.our_count <= filters.filters.ours && filters.filters.our_count <= FILTERS_OUR_MAX);
	FUZZ_EXPECT(finding.qdisc <= FILTERS_QDISC_INGRESS);
	free(datagram);
	return 0;
}
