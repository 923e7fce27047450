/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * steer_receive: the receive rule: which frames of each wire are delivered. twins.h finds copies of
 * frames that the other wire has brought.
 */
#ifndef STEER_RECEIVE_H
#define STEER_RECEIVE_H

#include "alive.h"
#include "ethernet.h"
#include "steer_pair.h"
#include "twins.h"

/*
 * Returns the path that a bridge above the standby receives from, by the rule of steer_egress and
 * not by a stale state word.
 */
static __always_inline enum vfsteer_path steer_listening_path(struct __sk_buff *skb,
							      const struct vfsteer_pair *pair,
							      enum vfsteer_path arrived_on)
{
	struct vfsteer_state state = pair_word_read(pair).state;
	__u32 primary = pair_primary_read(pair);

	if (state.active == PATH_PRIMARY)
		return alive_ifindex(skb, primary) ? PATH_PRIMARY : PATH_STANDBY;
	/* A frame that arrives over a wire proves its carrier. */
	if (arrived_on == PATH_PRIMARY && !pair->standby_has_carrier &&
	    steer_standby_is_saved(primary, state))
		return PATH_PRIMARY;
	return PATH_STANDBY;
}

enum steer_verdict {
	STEER_TAKE,
	STEER_DROP,
	STEER_LINK_LOCAL,
};

static __noinline enum steer_verdict steer_drop_twin(struct __sk_buff *skb, bool of_primary)
{
	struct vfsteer_counters *counts = steer_counters();
	__u32 packets = skb->gso_segs ?: 1;

	if (counts)
		counts->drop_twin_packets += packets;
	if (counts && of_primary)
		counts->drop_twin_standby_packets += packets;
	return STEER_DROP;
}

/* Unicast: compared while the flag of this wire is set. */
static __always_inline enum steer_verdict steer_compare_unicast(struct __sk_buff *skb,
								enum vfsteer_path path)
{
	return twins_is_twin(skb, pair_slot, path, true)
		       ? steer_drop_twin(skb, path == PATH_STANDBY)
		       : STEER_TAKE;
}

/*
 * Is @mac that of a device above the standby, or of a port? The network sends their frames back
 * over the inactive wire.
 */
static __always_inline bool steer_is_own_mac(const __u8 *mac)
{
	struct vfsteer_own_mac own = { .slot = pair_slot };

	__builtin_memcpy(own.mac, mac, sizeof(own.mac));
	return bpf_map_lookup_elem(&own_macs, &own);
}

/* Unicast for another MAC: of a macvlan or a port, or received promiscuously. */
static __always_inline enum steer_verdict steer_receive_foreign(struct __sk_buff *skb,
								struct vfsteer_pair *pair,
								const struct ethhdr *ethernet,
								enum vfsteer_path path)
{
	/*
	 * A bridge would learn its own stations from frames that the network floods back, so it
	 * receives from one wire only.
	 */
	if (pair->standby_takes_foreign_macs) {
		if (steer_listening_path(skb, pair, path) == path)
			return STEER_TAKE;
		steer_count(drop_foreign_inactive_packets);
		return STEER_DROP;
	}
	/* Frames for unknown MACs are only captured here: a second copy does no harm. */
	if ((path == PATH_PRIMARY ? pair->rx_compares_primary : pair->rx_compares_standby) &&
	    steer_is_own_mac(ethernet->h_dest))
		return steer_compare_unicast(skb, path);
	return STEER_TAKE;
}

static __always_inline enum steer_verdict steer_receive_group(struct __sk_buff *skb,
							      const struct vfsteer_pair *pair,
							      const struct ethhdr *ethernet,
							      enum vfsteer_path path)
{
	bool is_inactive = pair_active_read(pair) != path;

	if (pair->standby_takes_foreign_macs && steer_listening_path(skb, pair, path) != path) {
		if (path == PATH_PRIMARY)
			steer_count(drop_group_primary_inactive_packets);
		else
			steer_count(drop_group_standby_inactive_packets);
		return STEER_DROP;
	}
	if (is_inactive && steer_is_own_mac(ethernet->h_source)) {
		steer_count(drop_own_echo_packets);
		return STEER_DROP;
	}
	if (twins_is_twin(skb, pair_slot, path, false))
		return steer_drop_twin(skb, false);
	if (path == PATH_PRIMARY)
		steer_count(rx_primary_group_packets);
	return STEER_TAKE;
}

/*
 * The receive rule for frames that are not addressed to the pair (not PACKET_HOST): taken from both
 * wires, delivered once. Frames addressed to the pair, nearly all, are seldom compared.
 */
static __always_inline enum steer_verdict
steer_receive(struct __sk_buff *skb, struct vfsteer_pair *pair, enum vfsteer_path path)
{
	struct ethhdr *ethernet = ethernet_of(skb);

	if (!ethernet)
		return STEER_TAKE;
	if (!ethernet_is_group(ethernet))
		return steer_receive_foreign(skb, pair, ethernet, path);
	if (ethernet_is_link_local(ethernet))
		return STEER_LINK_LOCAL;
	if (ethernet_same_mac(ethernet->h_source, pair->mac_address)) {
		steer_count(drop_own_echo_packets);
		return STEER_DROP;
	}
	return steer_receive_group(skb, pair, ethernet, path);
}

#endif
