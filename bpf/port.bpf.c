// SPDX-License-Identifier: GPL-2.0-only
/*
 * port: the data path of interfaces in the guest whose other end sits on a pair's network. The tc programs do all of it, on any driver; the
 * XDP programs, in port_native.h, take the way of most frames, unicast whose next device is known, where the driver can, and leave every
 * other frame to them.
 *
 * Loaded for each port, with the pair's slot and the port's number as constants:
 *   port_xdp       on the port: to another port, or to the active device of the pair
 *   port_ingress   on the port's ingress: to the owner's egress, where the next two and steer_egress find out
 *
 * and for each pair that has a port:
 *   ports_egress   on the owner's egress, before all others: to a port, or into the owner's ingress for the host
 *   ports_ingress  on the owner's ingress, after the pair's program there, which has dropped second copies: to the ports
 *   uplink_xdp     on both devices of the pair: to a port
 *
 * The counters of the pair count ports' frames, too. As everywhere TC_ACT_UNSPEC lets other people's programs run.
 */
#include "marks.h"
#include "port_learn.h"
#include "port_native.h"
#include <linux/pkt_cls.h>

static __always_inline void port_count_rx(struct __sk_buff *skb, __u32 number)
{
	struct vfsteer_port_counters *counts = port_counts(number);

	if (!counts)
		return;
	counts->rx_packets += skb->gso_segs ?: 1;
	counts->rx_bytes += skb->len;
}

static __always_inline int port_deliver(struct __sk_buff *skb, __u32 number, __u32 ifindex)
{
	port_count_rx(skb, number);
	skb->tc_index = 0;
	return bpf_redirect(ifindex, 0);
}

/*
 * To the pair's passthrough port, only where there is one; @origin: ifindex of the port that the frame came from, 0: none. As a bridge: what
 * is for the side that it came from has been heard there.
 */
static __always_inline int port_deliver_passthrough(struct __sk_buff *skb, __u32 origin)
{
	const struct vfsteer_port *port = port_of(passthrough_port);

	if (!port || !port->ifindex || port->ifindex == origin)
		return TC_ACT_SHOT;
	return port_deliver(skb, passthrough_port, port->ifindex);
}

/* A copy to each port but the one with @origin as its ifindex and, unless @to_passthrough, the passthrough port. Ends the use of packet pointers. */
static __noinline void port_flood(struct __sk_buff *skb, __u32 origin, bool to_passthrough)
{
	const struct vfsteer_members *members = port_pair_members();

	if (!members)
		return;
	for (__u32 i = 0; i < VFSTEER_MAX_PORTS && i < members->count; i++) {
		__u32 number = members->ports[i];
		const struct vfsteer_port *port = port_of(number);
		__u32 ifindex;

		if (!port || port->slot != pair_slot || (!to_passthrough && number == passthrough_port))
			continue;
		ifindex = port->ifindex;
		if (!ifindex || ifindex == origin)
			continue;
		port_count_rx(skb, number);
		bpf_clone_redirect(skb, ifindex, 0);
	}
}

static __noinline int port_drop_foreign_source(void)
{
	port_count(port_number, drop_foreign_source_packets);
	return TC_ACT_SHOT;
}

SEC("tc")
int port_ingress(struct __sk_buff *skb)
{
	const struct vfsteer_pair *pair = port_pair();
	const struct vfsteer_port *port = port_of(port_number);
	struct ethhdr *ethernet = ethernet_of(skb);
	struct vfsteer_port_counters *counts;

	if (!pair || !port)
		return TC_ACT_SHOT;
	if (!ethernet || (!port->passthrough && !ethernet_same_even_mac(ethernet->h_source, port->mac_address)))
		return port_drop_foreign_source();
	if (ethernet_is_group(ethernet) && ethernet_is_link_local(ethernet)) {
		port_count(port_number, drop_link_local_packets);
		return TC_ACT_SHOT;
	}
	port_learn(skb, ethernet);
	counts = port_counts(port_number);
	if (counts) {
		counts->tx_packets += skb->gso_segs ?: 1;
		counts->tx_bytes += skb->len;
	}
	skb->tc_index = PORT_MARK_FROM;
	return bpf_redirect(pair->owner_ifindex, 0);
}

/* The host and a passthrough port do not hear each other: they have one MAC. */
static __noinline int ports_egress_group(struct __sk_buff *skb, const struct vfsteer_pair *pair, __u32 origin)
{
	skb->tc_index = 0;
	port_flood(skb, origin, origin);
	if (!origin || port_has_passthrough())
		return TC_ACT_UNSPEC;
	skb->tc_index = PORT_MARK_LOCAL;
	skb->queue_mapping = 0; /* the port's: see steer_to_owner */
	bpf_clone_redirect(skb, pair->owner_ifindex, BPF_F_INGRESS);
	skb->tc_index = 0;
	return TC_ACT_UNSPEC;
}

/* From a port, for the MAC of the pair. */
static __noinline int ports_egress_local(struct __sk_buff *skb, const struct vfsteer_pair *pair, __u32 origin)
{
	if (port_has_passthrough())
		return port_deliver_passthrough(skb, origin);
	skb->tc_index = PORT_MARK_LOCAL;
	skb->queue_mapping = 0;
	return bpf_redirect(pair->owner_ifindex, BPF_F_INGRESS);
}

SEC("tc")
int ports_egress(struct __sk_buff *skb)
{
	__u32 origin = skb->tc_index == PORT_MARK_FROM ? skb->ingress_ifindex : 0;
	const struct vfsteer_pair *pair = port_pair();
	const struct vfsteer_station *station;
	struct ethhdr *ethernet = ethernet_of(skb);

	if (!pair || !ethernet)
		return TC_ACT_UNSPEC;
	if (ethernet_is_group(ethernet))
		return ethernet_is_link_local(ethernet) ? TC_ACT_UNSPEC : ports_egress_group(skb, pair, origin);
	station = port_station(ethernet->h_dest);
	if (station) {
		if (station->ifindex == origin)
			return TC_ACT_SHOT;
		return port_deliver(skb, station->port, station->ifindex);
	}
	if (!origin)
		return TC_ACT_UNSPEC;
	if (ethernet_same_even_mac(ethernet->h_dest, pair->mac_address))
		return ports_egress_local(skb, pair, origin);
	skb->tc_index = 0;
	return TC_ACT_UNSPEC;
}

static __noinline int ports_ingress_group(struct __sk_buff *skb, const struct ethhdr *ethernet)
{
	const struct vfsteer_station *source;

	if (ethernet_is_link_local(ethernet))
		return TC_ACT_UNSPEC;
	source = port_station(ethernet->h_source);
	if (source) {
		port_count(source->port, drop_own_echo_packets);
		return TC_ACT_SHOT;
	}
	port_flood(skb, 0, false);
	return port_has_passthrough() ? port_deliver_passthrough(skb, 0) : TC_ACT_UNSPEC;
}

SEC("tc")
int ports_ingress(struct __sk_buff *skb)
{
	struct ethhdr *ethernet;
	const struct vfsteer_station *station;

	if (skb->tc_index == PORT_MARK_LOCAL) {
		skb->tc_index = 0;
		return TC_ACT_UNSPEC;
	}
	ethernet = ethernet_of(skb);
	if (!ethernet)
		return TC_ACT_UNSPEC;
	if (ethernet_is_group(ethernet))
		return ports_ingress_group(skb, ethernet);
	station = port_station(ethernet->h_dest);
	if (station)
		return port_deliver(skb, station->port, station->ifindex);
	return port_has_passthrough() ? port_deliver_passthrough(skb, 0) : TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") = "GPL";
