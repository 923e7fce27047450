/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * port_frame: what the XDP programs check in a frame before they redirect it: its length, whether
 * it has several buffers, and whether it has metadata outside its data.
 */
#ifndef PORT_FRAME_H
#define PORT_FRAME_H

#include "alive.h"
#include "ethernet.h"
#include <bpf/bpf_endian.h>
#include <linux/in.h>
#include <linux/ipv6.h>

/*
 * A veth converts sk_buffs to XDP frames and loses their metadata: a VLAN tag, and the request to
 * compute the checksum. Set if the device, or one of the two uplinks, is a veth; frames of the
 * others may then take tc without need. A tap with a vnet header has such requests as well and no
 * place for them, so XDP does not take its frames.
 */
const volatile bool comes_from_veth = false;

/* both uplinks accept frames of several buffers */
const volatile bool uplinks_take_fragments = false;

#define PORT_FRAME_CHECKSUM_PARTIAL 3 /* CHECKSUM_PARTIAL of <linux/skbuff.h> */

/* Follows ETH_P_8021Q. */
struct port_frame_tag {
	__u16 control;
	__u16 protocol;
};

static __always_inline __u32 port_frame_linear_length(struct xdp_md *frame)
{
	return frame->data_end - frame->data;
}

/*
 * Length in bytes, of all buffers. Linux before 5.18 has frames of one buffer only, and no such
 * helper.
 */
static __always_inline __u32 port_frame_length(struct xdp_md *frame)
{
#ifndef ALIVE_WITHOUT_KFUNCS
	/* The helper's own first check: it saves nearly every frame the call. */
	const struct xdp_buff *buffer = bpf_cast_to_kern_ctx(frame);

	if (!(buffer->flags & bpf_core_enum_value(enum xdp_buff_flags, XDP_FLAGS_HAS_FRAGS)))
		return port_frame_linear_length(frame);
#endif
#ifndef ALIVE_WITHOUT_BTF
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_xdp_get_buff_len))
		return bpf_xdp_get_buff_len(frame);
#endif
	return port_frame_linear_length(frame);
}

/*
 * Has the frame metadata that a redirect from here would lose? The sk_buff of a veth's frame is
 * behind the xdp_buff since Linux 6.3, which gave XDP access to metadata; NULL if there was none.
 * Before 6.3 it cannot be found.
 */
static __always_inline bool port_frame_is_partial(struct xdp_md *frame)
{
	if (!comes_from_veth)
		return false;
#ifndef ALIVE_WITHOUT_KFUNCS
	if (bpf_core_type_exists(struct xdp_metadata_ops)) {
		void *buffer = bpf_cast_to_kern_ctx(frame);
		struct hlist_head *behind =
			bpf_rdonly_cast(buffer + bpf_core_type_size(struct xdp_buff),
					bpf_core_type_id_kernel(struct hlist_head));
		struct sk_buff *skb;

		if (!behind->first)
			return false;
		skb = bpf_rdonly_cast(behind->first, bpf_core_type_id_kernel(struct sk_buff));
		return skb->vlan_all ||
		       BPF_CORE_READ_BITFIELD(skb, ip_summed) == PORT_FRAME_CHECKSUM_PARTIAL;
	}
#endif
	return true;
}

static __noinline bool port_frame_has_addresses_parsed(const struct ethhdr *ethernet, void *end)
{
	const struct ipv6hdr *ip = (const void *)(ethernet + 1);
	__u16 protocol = ethernet->h_proto;
	const __u8 *icmp;

	if (protocol == bpf_htons(ETH_P_8021Q)) {
		const struct port_frame_tag *tag = (const void *)(ethernet + 1);

		if ((void *)(tag + 1) > end)
			return true;
		protocol = tag->protocol;
		ip = (const void *)(tag + 1);
	}
	if (protocol == bpf_htons(ETH_P_ARP))
		return true;
	if (protocol != bpf_htons(ETH_P_IPV6))
		return false;
	icmp = (const void *)(ip + 1);
	if ((void *)(icmp + 1) > end)
		return true;
	return ip->nexthdr == IPPROTO_ICMPV6 && *icmp >= ETHERNET_ND_FIRST &&
	       *icmp <= ETHERNET_ND_LAST;
}

/*
 * Does it carry addresses that the tc program learns: ARP or ND, also within one tag? Out of line:
 * few frames do.
 */
static __always_inline bool port_frame_has_addresses(const struct ethhdr *ethernet, void *end)
{
	const struct ipv6hdr *ip = (const void *)(ethernet + 1);

	if (ethernet->h_proto == bpf_htons(ETH_P_IP))
		return false;
	if (ethernet->h_proto == bpf_htons(ETH_P_IPV6) && (void *)(ip + 1) <= end &&
	    ip->nexthdr != IPPROTO_ICMPV6)
		return false;
	return port_frame_has_addresses_parsed(ethernet, end);
}

#endif
