// SPDX-License-Identifier: GPL-2.0-only
/*
 * steer: the data path of one pair. It is loaded once per pair, with the pair's slot as a constant, so that the
 * look-up of the pair costs an address computation.
 *
 *   steer_egress     on the standby's egress: to the primary when it is active and can send, else on to virtio
 *   primary_ingress  on the primary's ingress: into the standby, where the guest's stack is
 *   standby_ingress  on the standby's ingress: drops what the primary's wire has brought as well (twins.h)
 *
 * None of them ends the walk through the hook unless it redirects or drops: TC_ACT_UNSPEC lets other people's
 * programs and filters run.
 */
#include "alive.h"
#include "ethernet.h"
#include "marks.h"
#include "pair.h"
#include "twins.h"
#include <bpf/bpf_endian.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>

#define STEER_IPV4_GROUPS 0xe0 /* first byte of a multicast address, and of what is reserved above */

#define STEER_DHCP_CLIENT 68
#define STEER_DHCPV6_CLIENT 546

const volatile __u32 pair_slot = 0;

/* The key of both maps is read where it stands: a copy on the stack would cost each packet. */
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
 * TC_ACT_UNSPEC, made where it is returned. The compiler would make it at the program's beginning,
 * in a register that is then saved for each packet.
 */
static __always_inline int steer_pass(void)
{
	int verdict = TC_ACT_UNSPEC;

	asm volatile("" : "+r"(verdict));
	return verdict;
}

/* A standby without carrier (the hypervisor set its link down) is saved by a primary that still works. */
static __always_inline bool steer_standby_is_saved(__u32 primary, struct vfsteer_state state)
{
	return primary && (state.primary == PRIMARY_READY || state.primary == PRIMARY_LEAVING);
}

/*
 * What is not the common way of a packet stands in functions of its own, here and below: a program saves and restores
 * each register that its own code uses, for every packet.
 */

/* Is @skb, of a protocol that is not IP or ARP, about the standby's wire only? */
static __noinline bool steer_stays(struct __sk_buff *skb)
{
	struct ethhdr *ethernet = ethernet_of(skb);

	return ethernet && ethernet_is_link_local(ethernet);
}

static __noinline int steer_egress_standby(struct __sk_buff *skb)
{
	steer_count_tx(skb, PATH_STANDBY);
	return TC_ACT_UNSPEC;
}

/* Over a standby without carrier, whose queue drops it: nothing else is left. */
static __noinline int steer_egress_lost(struct __sk_buff *skb)
{
	struct vfsteer_counters *counts = steer_counters();
	__u32 packets = skb->gso_segs ?: 1;

	if (counts)
		counts->tx_lost_packets += packets;
	return steer_egress_standby(skb);
}

/* Looks the pair up again: a register that keeps it for here would be saved for each packet. */
static __noinline int steer_egress_refused(struct __sk_buff *skb)
{
	struct vfsteer_pair *pair = steer_pair();

	steer_count(tx_primary_refused_packets);
	pair_leave_primary(pair_slot, PRIMARY_DOWN, CAUSE_CANNOT_SEND);
	return !pair || alive_standby_carrier(skb, pair) ? steer_egress_standby(skb) : steer_egress_lost(skb);
}

/* The standby is active. */
static __noinline int steer_egress_inactive(struct __sk_buff *skb, const struct vfsteer_pair *pair)
{
	struct vfsteer_state state = pair_word_read(pair).state;
	__u32 primary = pair_primary_read(pair);

	if (alive_standby_carrier(skb, pair))
		return steer_egress_standby(skb);
	if (!steer_standby_is_saved(primary, state) || !alive_ifindex(skb, primary))
		return steer_egress_lost(skb);
	steer_count(tx_primary_rescued_packets);
	steer_count_tx(skb, PATH_PRIMARY);
	return bpf_redirect(primary, 0);
}

SEC("tc")
int steer_egress(struct __sk_buff *skb)
{
	__u32 primary;
	struct vfsteer_pair *pair = steer_pair();

	if (!pair)
		return steer_pass();
	if (skb->protocol != bpf_htons(ETH_P_IP) && skb->protocol != bpf_htons(ETH_P_IPV6) &&
	    skb->protocol != bpf_htons(ETH_P_ARP) && steer_stays(skb))
		return steer_egress_standby(skb);
	if (pair_active_read(pair) != PATH_PRIMARY)
		return steer_egress_inactive(skb, pair);
	primary = pair_primary_read(pair);
	if (!alive_ifindex(skb, primary))
		return steer_egress_refused(skb);
	steer_count_tx(skb, PATH_PRIMARY);
	return bpf_redirect(primary, 0);
}

/* The path that a bridge above the standby listens to, decided as steer_egress decides, whatever a stale word says. */
static __always_inline enum vfsteer_path steer_listening_path(struct __sk_buff *skb, const struct vfsteer_pair *pair,
							      enum vfsteer_path arrived_on)
{
	struct vfsteer_state state = pair_word_read(pair).state;
	__u32 primary = pair_primary_read(pair);

	if (state.active == PATH_PRIMARY)
		return alive_ifindex(skb, primary) ? PATH_PRIMARY : PATH_STANDBY;
	/* What arrives over a wire shows that it has carrier. */
	if (arrived_on == PATH_PRIMARY && !pair->standby_has_carrier && steer_standby_is_saved(primary, state))
		return PATH_PRIMARY;
	return PATH_STANDBY;
}

enum steer_verdict {
	STEER_TAKE,
	STEER_DROP,
	STEER_LINK_LOCAL,
};

static __noinline enum steer_verdict steer_drop_twin(struct __sk_buff *skb)
{
	struct vfsteer_counters *counts = steer_counters();
	__u32 packets = skb->gso_segs ?: 1;

	if (counts)
		counts->drop_twin_packets += packets;
	return STEER_DROP;
}

/* Unicast: compared while the pair says so of this wire. */
static __always_inline enum steer_verdict steer_compare_unicast(struct __sk_buff *skb, enum vfsteer_path path)
{
	return twins_is_twin(skb, pair_slot, path, true) ? steer_drop_twin(skb) : STEER_TAKE;
}

/* Is @mac that of a device above the standby, or of a port? Frames from there come back over the inactive wire. */
static __always_inline bool steer_is_own_mac(const __u8 *mac)
{
	struct vfsteer_own_mac own = { .slot = pair_slot };

	__builtin_memcpy(own.mac, mac, sizeof(own.mac));
	return bpf_map_lookup_elem(&own_macs, &own);
}

/* Unicast for another MAC: a macvlan's, a port's, or a bridge's promiscuity. */
static __always_inline enum steer_verdict steer_receive_foreign(struct __sk_buff *skb, struct vfsteer_pair *pair,
							    const struct ethhdr *ethernet, enum vfsteer_path path)
{
	/* A bridge would learn its own stations from what the network floods back, so it listens to one wire only. */
	if (pair->standby_takes_foreign_macs) {
		if (steer_listening_path(skb, pair, path) == path)
			return STEER_TAKE;
		steer_count(drop_foreign_inactive_packets);
		return STEER_DROP;
	}
	/* What is for a stranger nobody here takes, unless to look at it. */
	if ((path == PATH_PRIMARY ? pair->rx_compares_primary : pair->rx_compares_standby) && steer_is_own_mac(ethernet->h_dest))
		return steer_compare_unicast(skb, path);
	return STEER_TAKE;
}

static __always_inline enum steer_verdict steer_receive_group(struct __sk_buff *skb, const struct vfsteer_pair *pair,
							 const struct ethhdr *ethernet, enum vfsteer_path path)
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
		return steer_drop_twin(skb);
	if (path == PATH_PRIMARY)
		steer_count(rx_primary_group_packets);
	return STEER_TAKE;
}

/*
 * The receive rule for what is not addressed to the pair (not PACKET_HOST): taken from both wires, once. Frames that are addressed to the
 * pair, nearly all, are compared seldom.
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

/*
 * May the primary's own stack take it (rx = direct)? TCP and UDP for an address of ours that is not about one link:
 * neighbour discovery and link-local addresses belong to the standby. DHCP clients bind their sockets to the device
 * they configure.
 */
static __always_inline bool steer_may_be_direct(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	__u16 *ports;
	__u8 protocol;

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = data + sizeof(struct ethhdr);

		ports = (void *)(ip + 1);
		if ((void *)(ports + 2) > end || *(__u8 *)ip != ETHERNET_IPV4_PLAIN)
			return false;
		/* A fragment has no ports, or not in each: all of them go one way. */
		if (ip->frag_off & bpf_htons(0x3fff) || *(__u8 *)&ip->daddr >= STEER_IPV4_GROUPS)
			return false;
		protocol = ip->protocol;
	} else if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = data + sizeof(struct ethhdr);

		ports = (void *)(ip + 1);
		/* fe80::/10 and ff00::/8 */
		if ((void *)(ports + 2) > end || ip->daddr.s6_addr[0] >= 0xfe)
			return false;
		protocol = ip->nexthdr;
	} else {
		return false;
	}
	if (protocol == IPPROTO_TCP)
		return true;
	return protocol == IPPROTO_UDP && ports[1] != bpf_htons(STEER_DHCP_CLIENT) &&
	       ports[1] != bpf_htons(STEER_DHCPV6_CLIENT);
}

/*
 * What travels along (Linux 5.8 to 6.18: ____dev_forward_skb and skb_scrub_packet within one namespace, then netif_rx). The kernel clears priority, dst,
 * conntrack and skb_iif, and sets dev and pkt_type anew. The receive queue's number stays, and is the primary's: the standby may have
 * fewer queues, and then get_rps_cpu warns and leaves the packet to this CPU. So it goes: writable since 5.1. The rest stays, and should: the hash is of the flow
 * (RPS, RFS), napi_id is of the NAPI that a busy poller has to poll, tstamp is when the packet came in, mark is what somebody gave it.
 */
static __always_inline int steer_to_standby(struct __sk_buff *skb, const struct vfsteer_pair *pair)
{
	skb->queue_mapping = 0;
	skb->tc_index = STEER_MARK;
	return bpf_redirect(pair->standby_ifindex, BPF_F_INGRESS);
}

static __noinline int steer_primary_others(struct __sk_buff *skb, struct vfsteer_pair *pair)
{
	switch (steer_receive(skb, pair, PATH_PRIMARY)) {
	case STEER_DROP:
		return TC_ACT_SHOT;
	case STEER_LINK_LOCAL:
		steer_count(rx_primary_link_local_packets);
		return TC_ACT_UNSPEC;
	default:
		steer_count_rx(skb, PATH_PRIMARY);
		return steer_to_standby(skb, pair);
	}
}

static __always_inline int steer_primary_taken(struct __sk_buff *skb,
					       const struct vfsteer_pair *pair, bool direct)
{
	steer_count_rx(skb, PATH_PRIMARY);
	return direct && steer_may_be_direct(skb) ? steer_pass() : steer_to_standby(skb, pair);
}

/* To the pair itself, while unicast is compared. */
static __noinline int steer_primary_compared(struct __sk_buff *skb, struct vfsteer_pair *pair)
{
	if (steer_compare_unicast(skb, PATH_PRIMARY) == STEER_DROP)
		return TC_ACT_SHOT;
	return steer_primary_taken(skb, pair, pair->rx_direct);
}

static __always_inline int steer_primary(struct __sk_buff *skb, struct vfsteer_pair *pair)
{
	__u16 asks;

	if (skb->pkt_type != PACKET_HOST)
		return steer_primary_others(skb, pair);
	/* Both at once, for the quiet pair's sake. */
	asks = *(const volatile __u16 *)&pair->rx_direct;
	if (__builtin_expect(!asks, 1))
		return steer_primary_taken(skb, pair, false);
	if (pair->rx_compares_primary)
		return steer_primary_compared(skb, pair);
	return steer_primary_taken(skb, pair, true);
}

_Static_assert(offsetof(struct vfsteer_pair, rx_direct) % 2 == 0 &&
	       offsetof(struct vfsteer_pair, rx_compares_primary) == offsetof(struct vfsteer_pair, rx_direct) + 1,
	       "both are read as one");

SEC("tc")
int primary_ingress(struct __sk_buff *skb)
{
	struct vfsteer_pair *pair = steer_pair();

	return !pair || alive_is_away(skb, pair) ? steer_pass() : steer_primary(skb, pair);
}

static __noinline bool steer_is_away(struct __sk_buff *skb, const struct vfsteer_pair *pair)
{
	return alive_is_away(skb, pair);
}

/*
 * The same where the watch programs see each device that is closed: one that moves to another namespace is, and the word says
 * PRIMARY_READY no longer. Two instructions for each frame, instead of reading the namespace.
 */
SEC("tc")
int primary_ingress_watched(struct __sk_buff *skb)
{
	struct vfsteer_pair *pair = steer_pair();

	if (!pair || (pair_primary_state_read(pair) != PRIMARY_READY && steer_is_away(skb, pair)))
		return steer_pass();
	return steer_primary(skb, pair);
}

/* What is not to the pair itself, and what is while unicast is compared. */
static __noinline int steer_standby_careful(struct __sk_buff *skb, struct vfsteer_pair *pair)
{
	enum steer_verdict verdict = skb->pkt_type == PACKET_HOST
					     ? steer_compare_unicast(skb, PATH_STANDBY)
					     : steer_receive(skb, pair, PATH_STANDBY);

	if (verdict == STEER_DROP)
		return TC_ACT_SHOT;
	steer_count_rx(skb, PATH_STANDBY);
	return TC_ACT_UNSPEC;
}

/* What came over the standby's own wire, or from a port. */
static __noinline int steer_standby_own(struct __sk_buff *skb)
{
	struct vfsteer_pair *pair = steer_pair();

	if (!pair)
		return TC_ACT_UNSPEC;
	if (skb->pkt_type != PACKET_HOST || pair->rx_compares_standby)
		return steer_standby_careful(skb, pair);
	steer_count_rx(skb, PATH_STANDBY);
	return TC_ACT_UNSPEC;
}

SEC("tc")
int standby_ingress(struct __sk_buff *skb)
{
	__u32 mark = skb->tc_index;

	if (mark == STEER_MARK) {
		skb->tc_index = 0;
		return TC_ACT_UNSPEC;
	}
	/* After the above, which is the common way: the compiler is not to ask this first. */
	asm volatile("" : "+r"(mark));
	return mark == PORT_MARK_LOCAL ? TC_ACT_UNSPEC : steer_standby_own(skb);
}

char LICENSE[] SEC("license") = "GPL";
