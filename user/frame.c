/* SPDX-License-Identifier: GPL-2.0-only */
#include "frame.h"

#include <string.h>

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
