/* SPDX-License-Identifier: GPL-2.0-only */
#include "announce/frame.h"

#include <net/if_arp.h>
#include <netinet/ip6.h>
#include <string.h>

_Static_assert(sizeof(struct frame_arp) == 28, "as on the wire");

void frame_append(struct frame *frame, const void *bytes, size_t size)
{
	memcpy(frame->bytes + frame->length, bytes, size);
	frame->length += size;
}

void frame_append_u16(struct frame *frame, uint16_t value)
{
	uint16_t network = htons(value);

	frame_append(frame, &network, sizeof(network));
}

void frame_append_ethernet(struct frame *frame, const uint8_t destination[ETH_ALEN],
			   const struct announce_address *sender, uint16_t protocol)
{
	frame_append(frame, destination, ETH_ALEN);
	frame_append(frame, sender->mac, ETH_ALEN);
	for (unsigned i = 0; i < sender->tag_count; i++) {
		frame_append_u16(frame, sender->tags[i].protocol);
		frame_append_u16(frame, sender->tags[i].vlan_id & 0x0fff);
	}
	frame_append_u16(frame, protocol);
}

uint32_t frame_sum(const void *bytes, size_t size, uint32_t sum)
{
	const uint8_t *byte = bytes;

	for (size_t i = 0; i + 1 < size; i += 2)
		sum += (uint32_t)byte[i] << 8 | byte[i + 1];
	return sum;
}

uint16_t frame_checksum(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

uint16_t frame_icmp6_checksum(const void *packet, size_t size)
{
	const uint8_t *bytes = packet;
	size_t length = size - sizeof(struct ip6_hdr);
	uint32_t sum = (uint32_t)length + IPPROTO_ICMPV6;

	sum = frame_sum(bytes + offsetof(struct ip6_hdr, ip6_src), 2 * sizeof(struct in6_addr),
			sum);
	return frame_checksum(frame_sum(bytes + sizeof(struct ip6_hdr), length, sum));
}

struct frame_arp frame_arp(uint16_t operation, const uint8_t sender_mac[ETH_ALEN])
{
	struct frame_arp arp = {
		.hardware_type = htons(ARPHRD_ETHER),
		.protocol_type = htons(ETH_P_IP),
		.hardware_size = ETH_ALEN,
		.protocol_size = sizeof(arp.sender_ip),
		.operation = htons(operation),
	};

	memcpy(arp.sender_mac, sender_mac, ETH_ALEN);
	return arp;
}
