// SPDX-License-Identifier: GPL-2.0-only
/*
 * steer: the data path of one pair. It is loaded once per pair, with the pair's slot as a constant,
 * so that the look-up of the pair costs an address computation.
 *
 *   steer_egress     on the owner's egress: to the primary when it is active and can send, else on
 *                    to virtio
 *   primary_ingress  on the primary's ingress: into the owner, where the guest's stack is
 *   standby_ingress  on the standby's ingress: drops what the primary's wire has brought as well
 *                    (steer_receive.h)
 *
 * In a plain pair the owner is the standby. In a net_failover pair it is the kernel's master, and
 * the two wires change parts: the kernel hands over in place what the primary brings. What the
 * standby brings it drops while a primary is registered, behind tc, and before anybody is told of
 * that primary. So instead of the last two
 *
 *   owner_ingress     on the owner's ingress: judges what the primary brings, known to the agent or
 *                     not
 *   standby_redirect  on the standby's ingress: judges, and redirects into the owner, at all times
 *
 * None of them ends the walk through the hook unless it redirects or drops: TC_ACT_UNSPEC lets
 * other people's programs and filters run.
 */
#include "alive.h"
#include "ethernet.h"
#include "marks.h"
#include "steer_receive.h"
#include <bpf/bpf_endian.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>

/* first byte of a multicast address, and of what is reserved above */
#define STEER_IPV4_GROUPS 0xe0

#define STEER_DHCP_CLIENT 68
#define STEER_DHCPV6_CLIENT 546

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

/*
 * What is not the common way of a packet stands in functions of its own, here and below: a program
 * saves and restores each register that its own code uses, for every packet.
 */

/* Is @skb, of a protocol that is not IP or ARP, about the standby's wire only? */
static __noinline bool steer_stays(struct __sk_buff *skb)
{
	struct ethhdr *ethernet = ethernet_of(skb);

	return ethernet && ethernet_is_link_local(ethernet);
}

/* net_failover left to itself would choose the primary. */
static __noinline int steer_egress_standby(struct __sk_buff *skb)
{
	const struct vfsteer_pair *pair;

	steer_count_tx(skb, PATH_STANDBY);
	if (pair_kind == KIND_PLAIN)
		return TC_ACT_UNSPEC;
	pair = steer_pair();
	return pair ? bpf_redirect(pair->standby_ifindex, 0) : TC_ACT_UNSPEC;
}

static __always_inline bool steer_standby_can_send(struct __sk_buff *skb,
						   const struct vfsteer_pair *pair)
{
	return pair_kind == KIND_PLAIN ? alive_standby_carrier(skb, pair)
				       : alive_standby(skb, pair);
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
	return !pair || steer_standby_can_send(skb, pair) ? steer_egress_standby(skb)
							  : steer_egress_lost(skb);
}

/* The standby is active. */
static __noinline int steer_egress_inactive(struct __sk_buff *skb, const struct vfsteer_pair *pair)
{
	struct vfsteer_state state = pair_word_read(pair).state;
	__u32 primary = pair_primary_read(pair);

	if (steer_standby_can_send(skb, pair))
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
	if (__builtin_expect(!alive_ifindex(skb, primary), 0))
		return steer_egress_refused(skb);
	steer_count_tx(skb, PATH_PRIMARY);
	return bpf_redirect(primary, 0);
}

/*
 * May the primary's own stack take it (rx = direct)? TCP and UDP for an address of ours that is not
 * about one link: neighbour discovery and link-local addresses belong to the standby. DHCP clients
 * bind their sockets to the device they configure.
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
 * What travels along (Linux 5.8 to 6.18: ____dev_forward_skb and skb_scrub_packet within one
 * namespace, then netif_rx). The kernel clears priority, dst, conntrack and skb_iif, and sets dev
 * and pkt_type anew. The receive queue's number stays, and is the primary's: the standby may have
 * fewer queues, and then get_rps_cpu warns and leaves the packet to this CPU. So it goes: writable
 * since 5.1. The rest stays, and should: the hash is of the flow (RPS, RFS), napi_id is of the NAPI
 * that a busy poller has to poll, tstamp is when the packet came in, mark is what somebody gave it.
 */
static __always_inline int steer_to_owner(struct __sk_buff *skb, const struct vfsteer_pair *pair)
{
	skb->queue_mapping = 0;
	skb->tc_index = STEER_MARK;
	return bpf_redirect(pair->owner_ifindex, BPF_F_INGRESS);
}

/*
 * A frame that @path brought, judged and counted: to where the guest's stack is, unless the kernel
 * takes it there.
 */
static __always_inline int steer_deliver(struct __sk_buff *skb, const struct vfsteer_pair *pair,
					 enum vfsteer_path path, enum vfsteer_kind kind)
{
	return (path == PATH_PRIMARY) == (kind == KIND_PLAIN) ? steer_to_owner(skb, pair)
							      : steer_pass();
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
		return steer_deliver(skb, pair, PATH_PRIMARY, pair_kind);
	}
}

static __always_inline int steer_primary_taken(struct __sk_buff *skb,
					       const struct vfsteer_pair *pair,
					       enum vfsteer_kind kind, bool direct)
{
	steer_count_rx(skb, PATH_PRIMARY);
	if (direct && steer_may_be_direct(skb))
		return steer_pass();
	return steer_deliver(skb, pair, PATH_PRIMARY, kind);
}

/* To the pair itself, while unicast is compared. */
static __noinline int steer_primary_compared(struct __sk_buff *skb, struct vfsteer_pair *pair)
{
	if (steer_compare_unicast(skb, PATH_PRIMARY) == STEER_DROP)
		return TC_ACT_SHOT;
	return steer_primary_taken(skb, pair, pair_kind, pair->rx_direct);
}

static __always_inline int steer_primary(struct __sk_buff *skb, struct vfsteer_pair *pair,
					 enum vfsteer_kind kind)
{
	__u16 asks;

	if (skb->pkt_type != PACKET_HOST)
		return steer_primary_others(skb, pair);
	/* Both at once, for the quiet pair's sake. */
	asks = *(const volatile __u16 *)&pair->rx_direct;
	if (__builtin_expect(!asks, 1))
		return steer_primary_taken(skb, pair, kind, false);
	if (pair->rx_compares_primary)
		return steer_primary_compared(skb, pair);
	return steer_primary_taken(skb, pair, kind, true);
}

_Static_assert(offsetof(struct vfsteer_pair, rx_direct) % 2 == 0 &&
		       offsetof(struct vfsteer_pair, rx_compares_primary) ==
			       offsetof(struct vfsteer_pair, rx_direct) + 1,
	       "both are read as one");

SEC("tc")
int primary_ingress(struct __sk_buff *skb)
{
	struct vfsteer_pair *pair = steer_pair();

	if (!pair || alive_is_away(skb, pair, pair->primary_ifindex))
		return steer_pass();
	return steer_primary(skb, pair, KIND_PLAIN);
}

static __noinline bool steer_is_away(struct __sk_buff *skb, const struct vfsteer_pair *pair)
{
	return alive_is_away(skb, pair, pair->primary_ifindex);
}

/*
 * The same where the watch programs see each device that is closed: one that moves to another
 * namespace is, and the word says PRIMARY_READY no longer. Two instructions for each frame, instead
 * of reading the namespace.
 */
SEC("tc")
int primary_ingress_watched(struct __sk_buff *skb)
{
	struct vfsteer_pair *pair = steer_pair();

	if (!pair || (pair_primary_state_read(pair) != PRIMARY_READY && steer_is_away(skb, pair)))
		return steer_pass();
	return steer_primary(skb, pair, KIND_PLAIN);
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
	/* About one wire: left to the kernel. */
	if (verdict == STEER_LINK_LOCAL)
		return TC_ACT_UNSPEC;
	return steer_deliver(skb, pair, PATH_STANDBY, pair_kind);
}

static __always_inline int steer_standby(struct __sk_buff *skb, struct vfsteer_pair *pair,
					 enum vfsteer_kind kind)
{
	if (skb->pkt_type != PACKET_HOST || pair->rx_compares_standby)
		return steer_standby_careful(skb, pair);
	steer_count_rx(skb, PATH_STANDBY);
	return steer_deliver(skb, pair, PATH_STANDBY, kind);
}

/* What came over the standby's own wire, or from a port. */
static __noinline int steer_standby_own(struct __sk_buff *skb)
{
	struct vfsteer_pair *pair = steer_pair();

	return pair ? steer_standby(skb, pair, KIND_PLAIN) : TC_ACT_UNSPEC;
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

SEC("tc")
int standby_redirect(struct __sk_buff *skb)
{
	struct vfsteer_pair *pair = steer_pair();

	if (!pair || alive_is_away(skb, pair, pair->standby_ifindex))
		return TC_ACT_UNSPEC;
	return steer_standby(skb, pair, KIND_NET_FAILOVER);
}

static __noinline int steer_owner_careful(struct __sk_buff *skb)
{
	struct vfsteer_pair *pair = steer_pair();

	return pair ? steer_primary(skb, pair, KIND_NET_FAILOVER) : TC_ACT_UNSPEC;
}

/*
 * Unicast to the pair that is not compared is not counted either: the kernel counts what the
 * primary receives, and `status` shows that. To see whether there is any the agent sets the flag.
 */
SEC("tc")
int owner_ingress(struct __sk_buff *skb)
{
	const struct vfsteer_pair *pair;
	__u32 mark = skb->tc_index;

	if (mark) {
		/* Judged already: the standby's, and a port's. */
		if (mark == STEER_MARK)
			skb->tc_index = 0;
		if (mark == STEER_MARK || mark == PORT_MARK_LOCAL)
			return steer_pass();
	}
	if (skb->pkt_type != PACKET_HOST)
		return steer_owner_careful(skb);
	pair = steer_pair();
	if (pair && *(const volatile __u8 *)&pair->rx_compares_primary)
		return steer_owner_careful(skb);
	return steer_pass();
}

char LICENSE[] SEC("license") = "GPL";
