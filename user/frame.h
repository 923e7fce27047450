/* SPDX-License-Identifier: GPL-2.0-only */
/* frame: writes Ethernet frames into memory of the caller, which has to be large enough. */
#ifndef FRAME_H
#define FRAME_H

#include "announce.h"

struct frame {
	uint8_t *bytes;
	size_t length;
};

void frame_append(struct frame *frame, const void *bytes, size_t size);
void frame_append_u16(struct frame *frame, uint16_t value); /* in host order */

/* The Ethernet header: from the sender's MAC, inside the sender's tags. */
void frame_append_ethernet(struct frame *frame, const uint8_t destination[ETH_ALEN],
			   const struct announce_address *sender, uint16_t protocol);

/* The internet checksum (RFC 1071) in two steps: add an even number of bytes to @sum, as 16-bit words;
 * then make the checksum of the sum, in network order. */
uint32_t frame_sum(const void *bytes, size_t size, uint32_t sum);
uint16_t frame_checksum(uint32_t sum);

#endif
