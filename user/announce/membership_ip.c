/* SPDX-License-Identifier: GPL-2.0-only */
#include "announce/membership_ip.h"

#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <string.h>

#define MEMBERSHIP_TOS 0xc0 /* internetwork control (RFC 2474: CS6) */
#define MEMBERSHIP_DONT_FRAGMENT 0x4000
#define MEMBERSHIP_CHECKSUM 2 /* its offset in a message of either protocol */

struct ipv4_head {
	struct iphdr ip;
	uint8_t router_alert[4]; /* RFC 2113 */
} __attribute__((packed));

struct ipv6_head {
	struct ip6_hdr ip;
	uint8_t router_alert[8]; /* hop-by-hop header: RFC 2711 */
} __attribute__((packed));

_Static_assert(sizeof(struct ipv4_head) == 24, "IPv4 with its option, as on the wire");
_Static_assert(sizeof(struct ipv6_head) == 48, "IPv6 with its option, as on the wire");

static void append_ipv4(struct frame *frame, const struct announce_address *sender,
			struct in_addr to)
{
	struct ipv4_head head = {
		.ip.version = 4,
		.ip.ihl = sizeof(head) / 4,
		.ip.tos = MEMBERSHIP_TOS,
		.ip.frag_off = htons(MEMBERSHIP_DONT_FRAGMENT),
		.ip.ttl = 1,
		.ip.protocol = IPPROTO_IGMP,
		.ip.saddr = sender->v4.s_addr,
		.ip.daddr = to.s_addr,
		.router_alert = { 0x94, 4 },
	};
	const uint8_t *group = (const uint8_t *)&to;
	const uint8_t mac[ETH_ALEN] = { 0x01, 0x00, 0x5e, group[1] & 0x7f, group[2], group[3] };

	frame_append_ethernet(frame, mac, sender, ETH_P_IP);
	frame_append(frame, &head, sizeof(head));
}

static void append_ipv6(struct frame *frame, const struct announce_address *sender,
			struct in6_addr to)
{
	const struct ipv6_head head = {
		.ip.ip6_flow = htonl(6u << 28),
		.ip.ip6_nxt = IPPROTO_HOPOPTS,
		.ip.ip6_hlim = 1,
		.ip.ip6_src = sender->v6,
		.ip.ip6_dst = to,
		.router_alert = { IPPROTO_ICMPV6, 0, IP6OPT_ROUTER_ALERT, 2, 0, 0, IP6OPT_PADN, 0 },
	};
	const uint8_t mac[ETH_ALEN] = { 0x33,		0x33,		to.s6_addr[12],
					to.s6_addr[13], to.s6_addr[14], to.s6_addr[15] };

	frame_append_ethernet(frame, mac, sender, ETH_P_IPV6);
	frame_append(frame, &head, sizeof(head));
}

struct membership_ip membership_ip_append(struct frame *frame,
					  const struct announce_address *sender,
					  const union membership_address *to)
{
	struct membership_ip at = { .ip = frame->length + ETH_HLEN + 4u * sender->tag_count };

	if (sender->family == AF_INET)
		append_ipv4(frame, sender, to->v4);
	else
		append_ipv6(frame, sender, to->v6);
	at.message = frame->length;
	return at;
}

/* IPv4: length, and checksums of the header and of the message. */
static void finish_ipv4(uint8_t *ip, uint8_t *message, size_t message_size)
{
	uint16_t length = htons((uint16_t)(sizeof(struct ipv4_head) + message_size));
	uint16_t checksum;

	memcpy(ip + offsetof(struct iphdr, tot_len), &length, sizeof(length));
	checksum = frame_checksum(frame_sum(ip, sizeof(struct ipv4_head), 0));
	memcpy(ip + offsetof(struct iphdr, check), &checksum, sizeof(checksum));
	checksum = frame_checksum(frame_sum(message, message_size, 0));
	memcpy(message + MEMBERSHIP_CHECKSUM, &checksum, sizeof(checksum));
}

/* IPv6: of the message and the pseudo header, without the hop-by-hop header (RFC 8200, 8.1). */
static void finish_ipv6(uint8_t *ip, uint8_t *message, size_t message_size)
{
	uint16_t length =
		htons((uint16_t)(sizeof(struct ipv6_head) - sizeof(struct ip6_hdr) + message_size));
	uint32_t sum = (uint32_t)message_size + IPPROTO_ICMPV6;
	uint16_t checksum;

	memcpy(ip + offsetof(struct ip6_hdr, ip6_plen), &length, sizeof(length));
	sum = frame_sum(ip + offsetof(struct ip6_hdr, ip6_src), 2 * sizeof(struct in6_addr), sum);
	checksum = frame_checksum(frame_sum(message, message_size, sum));
	memcpy(message + MEMBERSHIP_CHECKSUM, &checksum, sizeof(checksum));
}

void membership_ip_finish(const struct frame *frame, const struct membership_ip *at, int family)
{
	uint8_t *ip = frame->bytes + at->ip, *message = frame->bytes + at->message;

	if (family == AF_INET)
		finish_ipv4(ip, message, frame->length - at->message);
	else
		finish_ipv6(ip, message, frame->length - at->message);
}
