/* SPDX-License-Identifier: GPL-2.0-only */
/* frame: writes Ethernet frames into memory of the caller, which must be large enough. */
#ifndef ANNOUNCE_FRAME_H
#define ANNOUNCE_FRAME_H

#include "announce/announce.h"

struct frame {
	uint8_t *bytes;
	size_t length;
};

void frame_append(struct frame *frame, const void *bytes, size_t size);
void frame_append_u16(struct frame *frame, uint16_t value); /* in host order */

/* The Ethernet header: the sender's MAC and tags, and @protocol in host order. */
void frame_append_ethernet(struct frame *frame, const uint8_t destination[ETH_ALEN],
			   const struct announce_address *sender, uint16_t protocol);

/* ARP over Ethernet and IPv4 (RFC 826), as on the wire. */
struct frame_arp {
	uint16_t hardware_type;
	uint16_t protocol_type;
	uint8_t hardware_size;
	uint8_t protocol_size;
	uint16_t operation;
	uint8_t sender_mac[ETH_ALEN];
	uint8_t sender_ip[4];
	uint8_t target_mac[ETH_ALEN];
	uint8_t target_ip[4];
} __attribute__((packed));

/* @operation in host order; other fields are zero. */
struct frame_arp frame_arp(uint16_t operation, const uint8_t sender_mac[ETH_ALEN]);

/*
 * The internet checksum (RFC 1071) in two steps: add an even number of bytes to @sum, as 16-bit
 * words; then make the checksum of the sum, in network order.
 */
uint32_t frame_sum(const void *bytes, size_t size, uint32_t sum);
uint16_t frame_checksum(uint32_t sum);

/*
 * The checksum of an IPv6 packet that is one ICMPv6 message of even length, @size bytes in total,
 * with a zero checksum field: RFC 4443, 2.3, over the pseudo header (addresses, length, next
 * header) and the message. In network order.
 */
uint16_t frame_icmp6_checksum(const void *packet, size_t size);

#endif
