/* SPDX-License-Identifier: GPL-2.0-only */
/* The tests of the Ethernet header that the data path needs. */
#ifndef ETHERNET_H
#define ETHERNET_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <linux/if_ether.h>
#include <stdbool.h>
#include <stddef.h>

/* ICMPv6 types of neighbour discovery, router solicitation to redirect: RFC 4861, section 4. */
#define ETHERNET_ND_FIRST 133
#define ETHERNET_ND_LAST 137

#define ETHERNET_IPV4_PLAIN 0x45 /* the first byte of IPv4 without options */

/* Returns NULL if the frame is too short. */
static __always_inline struct ethhdr *ethernet_of(struct __sk_buff *skb)
{
	if ((void *)(long)skb->data + sizeof(struct ethhdr) > (void *)(long)skb->data_end &&
	    bpf_skb_pull_data(skb, sizeof(struct ethhdr)))
		return NULL;
	if ((void *)(long)skb->data + sizeof(struct ethhdr) > (void *)(long)skb->data_end)
		return NULL;
	return (void *)(long)skb->data;
}

static __always_inline bool ethernet_is_group(const struct ethhdr *ethernet)
{
	return ethernet->h_dest[0] & 1;
}

/* 01:80:c2:00:00:00 to 0f: a bridge never forwards them, they concern one link (802.1D). */
static __always_inline bool ethernet_is_link_local(const struct ethhdr *ethernet)
{
	const __u8 *to = ethernet->h_dest;

	return to[0] == 0x01 && to[1] == 0x80 && to[2] == 0xc2 && to[3] == 0 && to[4] == 0 &&
	       (to[5] & 0xf0) == 0;
}

static __always_inline bool ethernet_same_mac(const __u8 *a, const __u8 *b)
{
	return a[0] == b[0] && a[1] == b[1] && a[2] == b[2] && a[3] == b[3] && a[4] == b[4] &&
	       a[5] == b[5];
}

/*
 * The same for even addresses, as in frames and maps: half the loads. The last bytes come first:
 * they differ between devices of one vendor.
 */
static __always_inline bool ethernet_same_even_mac(const void *a, const void *b)
{
	const __u16 *left = a, *right = b;

	return left[2] == right[2] && left[1] == right[1] && left[0] == right[0];
}

#endif
