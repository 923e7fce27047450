/* SPDX-License-Identifier: GPL-2.0-only */
/* steer_pair: the pair that these programs were loaded for, and its counters. */
#ifndef STEER_PAIR_H
#define STEER_PAIR_H

#include "maps.h"
#include "pair.h"

const volatile __u32 pair_slot = 0;
const volatile __u32 pair_kind = KIND_PLAIN; /* enum vfsteer_kind */

/* Both maps take the constant itself as key: a copy on the stack would cost each packet. */
static __always_inline struct vfsteer_pair *steer_pair(void)
{
	return bpf_map_lookup_elem(&pairs, (const void *)&pair_slot);
}

static __always_inline struct vfsteer_counters *steer_counters(void)
{
	return bpf_map_lookup_elem(&counters, (const void *)&pair_slot);
}

#define steer_count(field)                                                                         \
	do {                                                                                       \
		struct vfsteer_counters *counts = steer_counters();                                \
		if (counts)                                                                        \
			counts->field++;                                                           \
	} while (0)

static __always_inline void steer_count_tx(struct __sk_buff *skb, enum vfsteer_path path)
{
	struct vfsteer_counters *counts = steer_counters();
	__u32 packets = skb->gso_segs ?: 1;

	if (!counts)
		return;
	if (path == PATH_PRIMARY) {
		counts->tx_primary_packets += packets;
		counts->tx_primary_bytes += skb->len;
	} else {
		counts->tx_standby_packets += packets;
		counts->tx_standby_bytes += skb->len;
	}
}

static __always_inline void steer_count_rx(struct __sk_buff *skb, enum vfsteer_path path)
{
	struct vfsteer_counters *counts = steer_counters();
	__u32 packets = skb->gso_segs ?: 1;

	if (!counts)
		return;
	if (path == PATH_PRIMARY) {
		counts->rx_primary_packets += packets;
		counts->rx_primary_bytes += skb->len;
	} else {
		counts->rx_standby_packets += packets;
		counts->rx_standby_bytes += skb->len;
	}
}

/*
 * A standby without carrier (the hypervisor set its link down): a working primary may send instead.
 */
static __always_inline bool steer_standby_is_saved(__u32 primary, struct vfsteer_state state)
{
	return primary && (state.primary == PRIMARY_READY || state.primary == PRIMARY_LEAVING);
}

#endif
