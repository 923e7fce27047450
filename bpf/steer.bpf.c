// SPDX-License-Identifier: GPL-2.0-only
/*
 * steer: the data path of one pair. It is loaded once per pair, with the pair's slot as a constant, so that the
 * look-up of the pair costs an address computation.
 *
 *   steer_egress     on the standby's egress: to the primary when it is active and can send, else on to virtio
 *   primary_ingress  on the primary's ingress: into the standby, where the guest's stack is
 *   standby_ingress  on the standby's ingress: keeps group frames from arriving twice
 *
 * None of them ends the walk through the hook unless it redirects or drops: TC_ACT_UNSPEC lets other people's
 * programs and filters run.
 */
#include "alive.h"
#include "pair.h"
#include <bpf/bpf_endian.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>

/* In skb->tc_index from primary_ingress to standby_ingress: came over the primary, already judged and counted. */
#define STEER_MARK 0x7646

#define STEER_DHCP_CLIENT 68
#define STEER_DHCPV6_CLIENT 546

const volatile __u32 pair_slot = 0;

static __always_inline struct vfsteer_pair *steer_pair(void)
{
	__u32 slot = pair_slot;

	return bpf_map_lookup_elem(&pairs, &slot);
}

static __always_inline struct vfsteer_counters *steer_counters(void)
{
	__u32 slot = pair_slot;

	return bpf_map_lookup_elem(&counters, &slot);
}

#define steer_count(field)                                        \
	do {                                                      \
		struct vfsteer_counters *counts = steer_counters(); \
		if (counts)                                       \
			counts->field++;                          \
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

static __always_inline struct ethhdr *steer_ethernet(struct __sk_buff *skb)
{
	if ((void *)(long)skb->data + sizeof(struct ethhdr) > (void *)(long)skb->data_end &&
	    bpf_skb_pull_data(skb, sizeof(struct ethhdr)))
		return NULL;
	if ((void *)(long)skb->data + sizeof(struct ethhdr) > (void *)(long)skb->data_end)
		return NULL;
	return (void *)(long)skb->data;
}

/* 01:80:c2:00:00:00 to 0f: never forwarded by a bridge, about one wire only (802.1D). */
static __always_inline bool steer_is_link_local(const struct ethhdr *ethernet)
{
	const __u8 *to = ethernet->h_dest;

	return to[0] == 0x01 && to[1] == 0x80 && to[2] == 0xc2 && to[3] == 0 && to[4] == 0 && (to[5] & 0xf0) == 0;
}

static __always_inline bool steer_same_mac(const __u8 *a, const __u8 *b)
{
	return a[0] == b[0] && a[1] == b[1] && a[2] == b[2] && a[3] == b[3] && a[4] == b[4] && a[5] == b[5];
}

/* A standby without carrier (the hypervisor set its link down) is saved by a primary that still works. */
static __always_inline bool steer_standby_is_saved(const struct vfsteer_pair *pair, struct vfsteer_state state)
{
	return pair->primary_ifindex && (state.primary == PRIMARY_READY || state.primary == PRIMARY_LEAVING);
}

SEC("tc")
int steer_egress(struct __sk_buff *skb)
{
	struct vfsteer_pair *pair = steer_pair();
	struct vfsteer_state state;

	if (!pair)
		return TC_ACT_UNSPEC;
	state = pair_word_read(pair).state;
	if (skb->protocol != bpf_htons(ETH_P_IP) && skb->protocol != bpf_htons(ETH_P_IPV6) &&
	    skb->protocol != bpf_htons(ETH_P_ARP)) {
		struct ethhdr *ethernet = steer_ethernet(skb);

		if (ethernet && steer_is_link_local(ethernet))
			goto standby;
	}
	if (state.active == PATH_PRIMARY) {
		if (alive_primary(skb, pair))
			goto primary;
		steer_count(tx_primary_refused_packets);
		pair_leave_primary(pair_slot, PRIMARY_DOWN, CAUSE_CANNOT_SEND);
		goto standby;
	}
	if (!alive_standby_carrier(skb, pair) && steer_standby_is_saved(pair, state) && alive_primary(skb, pair)) {
		steer_count(tx_primary_rescued_packets);
		goto primary;
	}
standby:
	steer_count_tx(skb, PATH_STANDBY);
	return TC_ACT_UNSPEC;
primary:
	steer_count_tx(skb, PATH_PRIMARY);
	return bpf_redirect(pair->primary_ifindex, 0);
}

/*
 * The path whose group frames are taken now, decided as steer_egress decides, so that a frame that the network sends down
 * both wires is taken from one: from the standby's if the primary is dead, whatever a stale word says.
 */
static __always_inline enum vfsteer_path steer_listening_path(struct __sk_buff *skb, const struct vfsteer_pair *pair,
							      enum vfsteer_path arrived_on)
{
	struct vfsteer_state state = pair_word_read(pair).state;

	if (state.active == PATH_PRIMARY)
		return alive_primary(skb, pair) ? PATH_PRIMARY : PATH_STANDBY;
	/* What arrives over a wire shows that it has carrier. */
	if (arrived_on == PATH_PRIMARY && !pair->standby_has_carrier && steer_standby_is_saved(pair, state))
		return PATH_PRIMARY;
	return PATH_STANDBY;
}

enum steer_verdict {
	STEER_TAKE,
	STEER_DROP,
	STEER_LINK_LOCAL,
};

/*
 * The receive rule. Both wires are always open for frames addressed to the pair, which is what most frames are
 * (PACKET_HOST) and costs one comparison. Group frames are taken from the listening path only.
 */
static __always_inline enum steer_verdict steer_receive(struct __sk_buff *skb, const struct vfsteer_pair *pair,
							enum vfsteer_path path)
{
	struct ethhdr *ethernet;

	if (skb->pkt_type == PACKET_HOST)
		return STEER_TAKE;
	ethernet = steer_ethernet(skb);
	if (!ethernet)
		return STEER_TAKE;
	if (!(ethernet->h_dest[0] & 1)) {
		/*
		 * Unicast for another MAC: a macvlan's, or a bridge's promiscuity. A bridge would learn its own
		 * stations from what the network floods back, so it listens to one wire only.
		 */
		if (!pair->standby_takes_foreign_macs || steer_listening_path(skb, pair, path) == path)
			return STEER_TAKE;
		steer_count(drop_foreign_inactive_packets);
		return STEER_DROP;
	}
	if (steer_is_link_local(ethernet))
		return STEER_LINK_LOCAL;
	if (steer_same_mac(ethernet->h_source, pair->mac_address)) {
		steer_count(drop_own_echo_packets);
		return STEER_DROP;
	}
	if (steer_listening_path(skb, pair, path) == path)
		return STEER_TAKE;
	if (path == PATH_PRIMARY)
		steer_count(drop_group_primary_inactive_packets);
	else
		steer_count(drop_group_standby_inactive_packets);
	return STEER_DROP;
}

/*
 * May the primary's own stack take it (rx = direct)? TCP and UDP for an address of ours that is not about one link: neighbour
 * discovery and link-local addresses belong to the standby. DHCP clients bind their sockets to the device they configure.
 */
static __always_inline bool steer_may_be_direct(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct ethhdr *ethernet = data;
	__u16 *ports;
	__u8 protocol;

	if (skb->pkt_type != PACKET_HOST)
		return false;
	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = data + sizeof(*ethernet);

		if ((void *)(ip + 1) + 2 * sizeof(*ports) > end || ip->ihl != 5)
			return false;
		protocol = ip->protocol;
		ports = (void *)(ip + 1);
		/* A fragment has no ports, or not in each: all of them go one way. */
		if (ip->frag_off & bpf_htons(0x3fff) || (bpf_ntohl(ip->daddr) >> 28) >= 0xe)
			return false;
	} else if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = data + sizeof(*ethernet);

		if ((void *)(ip + 1) + 2 * sizeof(*ports) > end)
			return false;
		protocol = ip->nexthdr;
		ports = (void *)(ip + 1);
		/* fe80::/10 and ff00::/8 */
		if (ip->daddr.s6_addr[0] >= 0xfe)
			return false;
	} else {
		return false;
	}
	if (protocol == IPPROTO_TCP)
		return true;
	return protocol == IPPROTO_UDP && ports[1] != bpf_htons(STEER_DHCP_CLIENT) && ports[1] != bpf_htons(STEER_DHCPV6_CLIENT);
}

SEC("tc")
int primary_ingress(struct __sk_buff *skb)
{
	struct vfsteer_pair *pair = steer_pair();

	if (!pair)
		return TC_ACT_UNSPEC;
	if (pair->rx_direct && steer_may_be_direct(skb)) {
		steer_count_rx(skb, PATH_PRIMARY);
		return TC_ACT_UNSPEC;
	}
	switch (steer_receive(skb, pair, PATH_PRIMARY)) {
	case STEER_DROP:
		return TC_ACT_SHOT;
	case STEER_LINK_LOCAL:
		steer_count(rx_primary_link_local_packets);
		return TC_ACT_UNSPEC;
	default:
		break;
	}
	steer_count_rx(skb, PATH_PRIMARY);
	skb->tc_index = STEER_MARK;
	return bpf_redirect(pair->standby_ifindex, BPF_F_INGRESS);
}

SEC("tc")
int standby_ingress(struct __sk_buff *skb)
{
	struct vfsteer_pair *pair;

	if (skb->tc_index == STEER_MARK) {
		skb->tc_index = 0;
		return TC_ACT_UNSPEC;
	}
	pair = steer_pair();
	if (!pair)
		return TC_ACT_UNSPEC;
	if (steer_receive(skb, pair, PATH_STANDBY) == STEER_DROP)
		return TC_ACT_SHOT;
	steer_count_rx(skb, PATH_STANDBY);
	return TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") = "GPL";
