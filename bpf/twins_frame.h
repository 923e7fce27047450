/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * twins_frame: the bytes of the frames of twins.h: which are read, where the headers are, and how a
 * chunk is added to a digest.
 */
#ifndef TWINS_FRAME_H
#define TWINS_FRAME_H

#include "ethernet.h"
#include "twins_maps.h"
#include <bpf/bpf_endian.h>
#include <linux/in.h>
#include <linux/ipv6.h>

#define TWINS_CHUNK (8 * VFSTEER_TWINS_WORDS)
#define TWINS_FRAME_MIN 60 /* some wires pad shorter frames with zeros */

/* Offsets in a frame. */
#define TWINS_TYPE 12
#define TWINS_NETWORK ETH_HLEN
#define TWINS_IPV4_LENGTH (TWINS_NETWORK + 2)
#define TWINS_IPV4_ID (TWINS_NETWORK + 4)
#define TWINS_IPV4_FRAGMENT (TWINS_NETWORK + 6)
#define TWINS_IPV4_PROTOCOL (TWINS_NETWORK + 9)
#define TWINS_IPV4_CHECKSUM (TWINS_NETWORK + 10)
#define TWINS_IPV6_LENGTH (TWINS_NETWORK + 4)
#define TWINS_IPV6_PROTOCOL (TWINS_NETWORK + 6)
#define TWINS_OVER_IPV4 (TWINS_NETWORK + 20)
#define TWINS_OVER_IPV6 (TWINS_NETWORK + 40)
/* Offsets in TCP and UDP. */
#define TWINS_TCP_CHECKSUM 16
#define TWINS_PORTS 4 /* bytes of both */
#define TWINS_UDP_LENGTH 4
#define TWINS_UDP_CHECKSUM 6
#define TWINS_UDP_PAYLOAD 8

struct twins_chunk {
	union {
		__u64 words[VFSTEER_TWINS_WORDS];
		__u8 bytes[TWINS_CHUNK];
	};
};

static __always_inline __u64 twins_mix(__u64 digest, const struct twins_chunk *chunk,
				       const struct vfsteer_twins_key *key)
{
	__u64 sum = 0;

	for (int i = 0; i < VFSTEER_TWINS_WORDS; i++) {
		__u64 word = chunk->words[i] + key->words[i];

		sum += (word & 0xffffffff) * (word >> 32);
	}
	digest = (digest ^ sum) * key->multiplier;
	return digest ^ digest >> 32;
}

/* Loads at most @length bytes of @skb from @offset on into @chunk, and zeros behind them. */
static __always_inline void twins_load(struct __sk_buff *skb, __u32 offset, __u64 length,
				       struct twins_chunk *chunk)
{
	for (int i = 0; i < VFSTEER_TWINS_WORDS; i++)
		chunk->words[i] = 0;
	if (offset >= skb->len)
		return;
	if (length > skb->len - offset)
		length = skb->len - offset;
	/* It is 1 to TWINS_CHUNK. This shows it to the verifiers of all kernels. */
	length--;
	asm volatile("%0 &= %1" : "+r"(length) : "i"(TWINS_CHUNK - 1));
	bpf_skb_load_bytes(skb, offset, chunk->bytes, length + 1);
}

static __always_inline __u32 twins_be16(const __u8 *bytes)
{
	return bytes[0] << 8 | bytes[1];
}

/* ARP, or IPv6 neighbour discovery. */
static __always_inline bool twins_is_neighbours(const struct twins_chunk *chunk)
{
	const __u8 *bytes = chunk->bytes;
	__u32 type = twins_be16(bytes + TWINS_TYPE);

	return type == ETH_P_ARP ||
	       (type == ETH_P_IPV6 && bytes[TWINS_IPV6_PROTOCOL] == IPPROTO_ICMPV6 &&
		bytes[TWINS_OVER_IPV6] >= ETHERNET_ND_FIRST &&
		bytes[TWINS_OVER_IPV6] <= ETHERNET_ND_LAST);
}

/* What a digest needs to know about the headers. */
struct twins_headers {
	__u32 transport; /* offset; 0: IPv4 with options, a fragment, or unknown */
	__u32 end;	 /* of the packet, without padding */
	__u8 protocol;
};

static __always_inline struct twins_headers twins_headers_of(const struct twins_chunk *chunk)
{
	const __u8 *bytes = chunk->bytes;
	__u32 type = twins_be16(bytes + TWINS_TYPE);

	if (type == ETH_P_IP && bytes[TWINS_NETWORK] == ETHERNET_IPV4_PLAIN &&
	    !(twins_be16(bytes + TWINS_IPV4_FRAGMENT) & 0x3fff))
		return (struct twins_headers){ TWINS_OVER_IPV4,
					       TWINS_NETWORK +
						       twins_be16(bytes + TWINS_IPV4_LENGTH),
					       bytes[TWINS_IPV4_PROTOCOL] };
	if (type == ETH_P_IPV6)
		return (struct twins_headers){ TWINS_OVER_IPV6,
					       TWINS_OVER_IPV6 +
						       twins_be16(bytes + TWINS_IPV6_LENGTH),
					       bytes[TWINS_IPV6_PROTOCOL] };
	return (struct twins_headers){ 0 };
}

/* Returns the end of the header of a TCP segment. */
static __always_inline __u32 twins_tcp_end(const struct twins_chunk *chunk, __u32 transport)
{
	__u8 offset =
		chunk->bytes[(transport == TWINS_OVER_IPV4 ? TWINS_OVER_IPV4 : TWINS_OVER_IPV6) +
			     12];

	return transport + (offset >> 4) * 4;
}

#define twins_clear(chunk, from, size) __builtin_memset((chunk)->bytes + (from), 0, size)

/* Returns the end of the IPv4 options, if the packet has any and is no fragment; else 0. */
static __always_inline __u32 twins_over_options(const struct twins_chunk *chunk)
{
	__u8 first = chunk->bytes[TWINS_NETWORK];

	if (twins_be16(chunk->bytes + TWINS_TYPE) != ETH_P_IP || first <= ETHERNET_IPV4_PLAIN ||
	    first > 0x4f || twins_be16(chunk->bytes + TWINS_IPV4_FRAGMENT) & 0x3fff)
		return 0;
	return TWINS_NETWORK + (first & 15) * 4;
}

#endif
