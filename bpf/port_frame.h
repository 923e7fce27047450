/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * port_frame: what the XDP programs have to know of a frame before they send it on: how long it is, whether it lies in several buffers, and
 * whether all of it is in its data.
 */
#ifndef PORT_FRAME_H
#define PORT_FRAME_H

#include "alive.h"
#include "ethernet.h"
#include <bpf/bpf_endian.h>
#include <linux/in.h>
#include <linux/ipv6.h>

/*
 * A veth makes XDP frames of sk_buffs, and what an sk_buff keeps beside its data is lost with it: a VLAN tag, and the order to compute the
 * checksum. Set where the device, or one of the two uplinks, is a veth: of another device's frames it may send more than it has to by tc.
 * A tap with a vnet header has open checksums as well, and keeps them nowhere: XDP is not for its frames.
 */
const volatile bool comes_from_veth = false;

const volatile bool uplinks_take_fragments = false; /* both of the pair's may be given frames of several buffers */

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

/* In bytes, of all its buffers. Kernels before Linux 5.18 have no others than frames of one, and no such helper. */
static __always_inline __u32 port_frame_length(struct xdp_md *frame)
{
#ifndef ALIVE_WITHOUT_KFUNCS
	/* What the helper looks at first: nearly every frame is spared the call. */
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
 * Would anything of the frame be lost by sending it on from here? The sk_buff that a veth made it of stands behind the xdp_buff from Linux 6.3
 * on, when XDP got access to metadata; NULL if there never was one. Before that it cannot be found.
 */
static __always_inline bool port_frame_is_partial(struct xdp_md *frame)
{
	if (!comes_from_veth)
		return false;
#ifndef ALIVE_WITHOUT_KFUNCS
	if (bpf_core_type_exists(struct xdp_metadata_ops)) {
		void *buffer = bpf_cast_to_kern_ctx(frame);
		struct hlist_head *behind = bpf_rdonly_cast(buffer + bpf_core_type_size(struct xdp_buff),
							    bpf_core_type_id_kernel(struct hlist_head));
		struct sk_buff *skb;

		if (!behind->first)
			return false;
		skb = bpf_rdonly_cast(behind->first, bpf_core_type_id_kernel(struct sk_buff));
		return skb->vlan_all || BPF_CORE_READ_BITFIELD(skb, ip_summed) == PORT_FRAME_CHECKSUM_PARTIAL;
	}
#endif
	return true;
}

static __noinline bool port_frame_tells_addresses_parsed(const struct ethhdr *ethernet, void *end)
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
	return ip->nexthdr == IPPROTO_ICMPV6 && *icmp >= ETHERNET_ND_FIRST && *icmp <= ETHERNET_ND_LAST;
}

/* Does it tell of addresses, which the tc program learns: ARP, or ND, also within one tag? Out of line what few frames are. */
static __always_inline bool port_frame_tells_addresses(const struct ethhdr *ethernet, void *end)
{
	const struct ipv6hdr *ip = (const void *)(ethernet + 1);

	if (ethernet->h_proto == bpf_htons(ETH_P_IP))
		return false;
	if (ethernet->h_proto == bpf_htons(ETH_P_IPV6) && (void *)(ip + 1) <= end && ip->nexthdr != IPPROTO_ICMPV6)
		return false;
	return port_frame_tells_addresses_parsed(ethernet, end);
}

#endif
