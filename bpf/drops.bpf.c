// SPDX-License-Identifier: GPL-2.0-only
/*
 * drops: counts what the CPU's backlog had no room for between primary_ingress and standby_ingress. bpf_redirect says nothing to its caller, the kernel counts
 * such drops by CPU (/proc/net/softnet_stat) and, with others, in the device's rx_dropped. Here they are the pair's. It runs when a packet is
 * dropped, so that one which is not costs nothing.
 */
#include "kernel.h"
#include "maps.h"
#include "marks.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

/* Linux 5.18; before, a full socket of tcpdump on the standby would look the same. */
enum skb_drop_reason {
	SKB_DROP_REASON_CPU_BACKLOG = 1,
};

/* A loop that the verifier follows in a moment: in a global function of its own, it looks at it once. */
__attribute__((noinline)) int drops_count(__u32 ifindex, __u32 network_namespace)
{
	for (__u32 slot = 0; slot < VFSTEER_MAX_PAIRS; slot++) {
		__u32 key = slot;
		const struct vfsteer_pair *pair = bpf_map_lookup_elem(&pairs, &key);
		struct vfsteer_counters *counts;

		if (!pair)
			return 0;
		if (pair->owner_ifindex != ifindex || pair->network_namespace != network_namespace)
			continue;
		counts = bpf_map_lookup_elem(&counters, &key);
		if (counts)
			counts->drop_backlog_packets++;
		return 0;
	}
	return 0;
}

SEC("tp_btf/kfree_skb")
int BPF_PROG(drops_kfree_skb, struct sk_buff *skb, void *location, __u32 reason)
{
	if (reason != bpf_core_enum_value(enum skb_drop_reason, SKB_DROP_REASON_CPU_BACKLOG) ||
	    skb->tc_index != STEER_MARK)
		return 0;
	drops_count(skb->dev->ifindex, skb->dev->nd_net.net->ns.inum);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
