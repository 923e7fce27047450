// SPDX-License-Identifier: GPL-2.0-only
/*
 * drops: counts packets that the backlog of a CPU refused between primary_ingress and
 * standby_ingress. bpf_redirect does not report that to its caller. The kernel counts such drops
 * per CPU (/proc/net/softnet_stat) and, with others, in rx_dropped of the device; this counter is
 * the pair's own. The program runs only when a packet is dropped.
 */
#include "kernel.h"
#include "maps.h"
#include "marks.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

/* Linux 5.18; before, a full tcpdump socket on the standby would look the same. */
enum skb_drop_reason {
	SKB_DROP_REASON_CPU_BACKLOG = 1,
};

/* A global function: the verifier checks its loop once. */
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
