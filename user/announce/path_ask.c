/* SPDX-License-Identifier: GPL-2.0-only */
#include "announce/path_ask.h"
#include "announce/frame.h"

#include <errno.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/ip6.h>
#include <string.h>

struct solicitation {
	struct ip6_hdr ip;
	struct nd_neighbor_solicit icmp;
	struct nd_opt_hdr option;
	uint8_t source_mac[ETH_ALEN];
} __attribute__((packed));

/* The start of an advertisement, before its options. */
struct answer_v6 {
	struct ethhdr ethernet;
	struct ip6_hdr ip;
	struct nd_neighbor_advert icmp;
} __attribute__((packed));

struct answer_v4 {
	struct ethhdr ethernet;
	struct frame_arp arp;
} __attribute__((packed));

_Static_assert(sizeof(struct solicitation) == 72,
	       "neighbour solicitation with its option, as on the wire");

static void append_solicitation(struct frame *frame, const struct path_target *target,
				const struct in6_addr *to)
{
	struct solicitation body = {
		.ip.ip6_flow = htonl(6u << 28),
		.ip.ip6_plen = htons(sizeof(body) - sizeof(body.ip)),
		.ip.ip6_nxt = IPPROTO_ICMPV6,
		.ip.ip6_hlim = 255, /* receivers discard lower values, RFC 4861, 7.1.1 */
		.ip.ip6_src = target->asker.v6,
		.ip.ip6_dst = *to,
		.icmp.nd_ns_hdr.icmp6_type = ND_NEIGHBOR_SOLICIT,
		.icmp.nd_ns_target = target->v6,
		.option.nd_opt_type = ND_OPT_SOURCE_LINKADDR,
		.option.nd_opt_len = 1, /* in units of 8 bytes */
	};

	memcpy(body.source_mac, target->asker.mac, ETH_ALEN);
	body.icmp.nd_ns_hdr.icmp6_cksum = frame_icmp6_checksum(&body, sizeof(body));
	frame_append(frame, &body, sizeof(body));
}

int path_ask_build(const struct path_target *target, struct announce_frame *ret)
{
	static const uint8_t everybody[ETH_ALEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	/* solicited-node, RFC 4291, 2.7.1 */
	struct in6_addr group = { .s6_addr = { 0xff, 0x02, [11] = 1, 0xff } };
	uint8_t group_mac[ETH_ALEN] = { 0x33, 0x33, 0xff };
	struct announce_frame built = { 0 };
	struct frame frame = { .bytes = built.bytes };
	struct frame_arp arp;

	if (target->asker.tag_count > ANNOUNCE_MAX_TAGS)
		return -EINVAL;
	switch (target->asker.family) {
	case AF_INET:
		frame_append_ethernet(&frame, target->has_mac ? target->mac : everybody,
				      &target->asker, ETH_P_ARP);
		arp = frame_arp(ARPOP_REQUEST, target->asker.mac);
		memcpy(arp.sender_ip, &target->asker.v4, sizeof(arp.sender_ip));
		memcpy(arp.target_ip, &target->v4, sizeof(arp.target_ip));
		frame_append(&frame, &arp, sizeof(arp));
		break;
	case AF_INET6:
		memcpy(group.s6_addr + 13, target->v6.s6_addr + 13, 3);
		memcpy(group_mac + 3, target->v6.s6_addr + 13, 3);
		frame_append_ethernet(&frame, target->has_mac ? target->mac : group_mac,
				      &target->asker, ETH_P_IPV6);
		append_solicitation(&frame, target, target->has_mac ? &target->v6 : &group);
		break;
	default:
		return -EAFNOSUPPORT;
	}
	built.length = frame.length < ETH_ZLEN ? ETH_ZLEN : frame.length;
	*ret = built;
	return 0;
}

bool path_ask_read(const uint8_t *frame, size_t length, struct path_answer *ret)
{
	struct answer_v4 v4;
	struct answer_v6 v6;

	memset(ret, 0, sizeof(*ret));
	if (length < sizeof(v4))
		return false;
	memcpy(&v4, frame, sizeof(v4));
	memcpy(ret->to, v4.ethernet.h_dest, ETH_ALEN);
	if (v4.ethernet.h_proto == htons(ETH_P_ARP)) {
		if (v4.arp.operation != htons(ARPOP_REPLY) ||
		    v4.arp.protocol_type != htons(ETH_P_IP) || v4.arp.hardware_size != ETH_ALEN ||
		    v4.arp.protocol_size != sizeof(v4.arp.sender_ip))
			return false;
		ret->family = AF_INET;
		memcpy(&ret->v4, v4.arp.sender_ip, sizeof(ret->v4));
		return true;
	}
	if (v4.ethernet.h_proto != htons(ETH_P_IPV6) || length < sizeof(v6))
		return false;
	memcpy(&v6, frame, sizeof(v6));
	/* As in the kernel, RFC 4861, 7.1.2: a packet that passed a router has a lower limit. */
	if (v6.ip.ip6_nxt != IPPROTO_ICMPV6 || v6.ip.ip6_hlim != 255 ||
	    v6.icmp.nd_na_hdr.icmp6_type != ND_NEIGHBOR_ADVERT)
		return false;
	ret->family = AF_INET6;
	ret->v6 = v6.icmp.nd_na_target;
	return true;
}

bool path_ask_is_answer(const struct path_target *target, const struct path_answer *answer)
{
	return answer->ifindex == target->ifindex && answer->family == target->asker.family &&
	       !memcmp(answer->to, target->asker.mac, ETH_ALEN) &&
	       !memcmp(&answer->v6, &target->v6,
		       answer->family == AF_INET ? sizeof(target->v4) : sizeof(target->v6));
}
