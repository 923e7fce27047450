// SPDX-License-Identifier: GPL-2.0-only
/*
 * steer: the data path of one pair. It is loaded once per pair, with the slot of the pair as a
 * constant, so that the look-up of the pair is an address computation.
 *
 *   steer_egress     on the egress of the owner: to the primary if it is active and can send, else
 *                    to the standby
 *   primary_ingress  on the ingress of the primary: into the owner, which has the guest's stack
 *   standby_ingress  on the ingress of the standby: drops copies of what the primary's wire has
 *                    brought (steer_receive.h)
 *
 * In a plain pair the owner is the standby. In a net_failover pair it is the master. There the
 * kernel itself hands frames of the primary over, and drops frames of the standby while a primary
 * is registered: behind tc, and before netlink reports that primary. So these replace the last two:
 *
 *   owner_ingress     on the ingress of the owner: checks frames of the primary, whether or not the
 *                     agent knows that primary
 *   standby_redirect  on the ingress of the standby: checks, and always redirects into the owner
 *
 * No program ends the walk through the hook unless it redirects or drops: TC_ACT_UNSPEC lets the
 * programs and filters of others run.
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

/* the first byte of multicast and reserved addresses starts here */
#define STEER_IPV4_GROUPS 0xe0

#define STEER_DHCP_CLIENT 68
#define STEER_DHCPV6_CLIENT 546

/*
 * Returns TC_ACT_UNSPEC, set where it is returned. The compiler would set it at the beginning of
 * the program, in a register that every packet then saves.
 */
static __always_inline int steer_pass(void)
{
	int verdict = TC_ACT_UNSPEC;

	asm volatile("" : "+r"(verdict));
	return verdict;
}

/*
 * Rare cases are functions of their own, here and below: a program saves and restores each register
 * that its own code uses, for every packet.
 */

/* Does @skb, neither IP nor ARP, concern the standby's link only? */
static __noinline bool steer_stays(struct __sk_buff *skb)
{
	struct ethhdr *ethernet = ethernet_of(skb);

	return ethernet && ethernet_is_link_local(ethernet);
}

/* The redirect is needed: net_failover's own choice would be the primary. */
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

/* Over a standby without carrier, whose queue drops it: no other path is left. */
static __noinline int steer_egress_lost(struct __sk_buff *skb)
{
	struct vfsteer_counters *counts = steer_counters();
	__u32 packets = skb->gso_segs ?: 1;

	if (counts)
		counts->tx_lost_packets += packets;
	return steer_egress_standby(skb);
}

/* Looks the pair up again: to keep it in a register until here would cost each packet. */
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
 * May the primary's own stack receive it (rx = direct)? Yes for TCP and UDP to an address that is
 * not link-local: neighbour discovery and link-local addresses belong to the standby. DHCP clients
 * bind their sockets to the device that they configure.
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
		/* Not every fragment has ports: all fragments take one path. */
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
 * Redirects into the owner. Linux 5.8 to 6.18 (____dev_forward_skb and skb_scrub_packet within one
 * namespace, then netif_rx) clears priority, dst, conntrack and skb_iif, and sets dev and pkt_type.
 * The number of the receive queue stays that of the primary: with fewer queues on the standby,
 * get_rps_cpu warns and keeps the packet on this CPU. So it is cleared (writable since 5.1). The
 * rest stays on purpose: hash (RPS, RFS), napi_id (busy polling), tstamp, mark.
 */
static __always_inline int steer_to_owner(struct __sk_buff *skb, const struct vfsteer_pair *pair)
{
	skb->queue_mapping = 0;
	skb->tc_index = STEER_MARK;
	return bpf_redirect(pair->owner_ifindex, BPF_F_INGRESS);
}

/*
 * Delivers a frame that @path brought, checked and counted: redirects it into the owner, unless the
 * kernel takes it there.
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

/* A frame for the pair itself, while unicast is compared. */
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
	/* Both flags in one load, which is all that a quiet pair needs. */
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
 * The same if the watch programs see each device that is closed. A move to another namespace closes
 * the device, and the state word is then no longer PRIMARY_READY. That costs two instructions for
 * each frame, not a read of the namespace.
 */
SEC("tc")
int primary_ingress_watched(struct __sk_buff *skb)
{
	struct vfsteer_pair *pair = steer_pair();

	if (!pair || (pair_primary_state_read(pair) != PRIMARY_READY && steer_is_away(skb, pair)))
		return steer_pass();
	return steer_primary(skb, pair, KIND_PLAIN);
}

/* Frames that are not for the pair itself; all frames while unicast is compared. */
static __noinline int steer_standby_careful(struct __sk_buff *skb, struct vfsteer_pair *pair)
{
	enum steer_verdict verdict = skb->pkt_type == PACKET_HOST
					     ? steer_compare_unicast(skb, PATH_STANDBY)
					     : steer_receive(skb, pair, PATH_STANDBY);

	if (verdict == STEER_DROP)
		return TC_ACT_SHOT;
	steer_count_rx(skb, PATH_STANDBY);
	/* Concerns one link: left to the kernel. */
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

/* A frame of the standby's own wire, or of a port. */
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
	/*
	 * After the test above, which is the common case: keeps the compiler from testing this
	 * first.
	 */
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
