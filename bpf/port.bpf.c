// SPDX-License-Identifier: GPL-2.0-only
/*
 * port: the data path of ports: interfaces in the guest whose other end is on the network of a
 * pair. The tc programs handle all frames, on any driver. The XDP programs of port_native.h handle
 * most frames, unicast with a known target, if the driver supports it, and pass the others to tc.
 *
 * Loaded for each port, with the slot of the pair and the number of the port as constants:
 *   port_xdp       on the port: to another port, or to the active device of the pair
 *   port_ingress   on the ingress of the port: to the egress of the owner, where ports_egress and
 *                  steer_egress decide
 *
 * and for each pair that has a port:
 *   ports_egress   on the egress of the owner, before all others: to a port, or into the ingress of
 *                  the owner for the host
 *   ports_ingress  on the ingress of the owner, after the pair's own program, which has dropped
 *                  second copies: to the ports
 *   uplink_xdp     on both devices of the pair: to a port
 *
 * The counters of the pair include frames of ports. TC_ACT_UNSPEC lets the programs of others run.
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
 * Delivers to the passthrough port of the pair. Drops the frame if the pair has none, or if the
 * frame came from it (@origin: ifindex of the port it came from; 0: none), as a bridge does.
 */
static __always_inline int port_deliver_passthrough(struct __sk_buff *skb, __u32 origin)
{
	const struct vfsteer_port *port = port_of(passthrough_port);

	if (!port || !port->ifindex || port->ifindex == origin)
		return TC_ACT_SHOT;
	return port_deliver(skb, passthrough_port, port->ifindex);
}

/*
 * Clones to each port but that of ifindex @origin and, unless @to_passthrough, the passthrough
 * port. Packet pointers are invalid afterwards.
 */
static __noinline void port_flood(struct __sk_buff *skb, __u32 origin, bool to_passthrough)
{
	const struct vfsteer_members *members = port_pair_members();

	if (!members)
		return;
	for (__u32 i = 0; i < VFSTEER_MAX_PORTS && i < members->count; i++) {
		__u32 number = members->ports[i];
		const struct vfsteer_port *port = port_of(number);
		__u32 ifindex;

		if (!port || port->slot != pair_slot ||
		    (!to_passthrough && number == passthrough_port))
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
	if (!ethernet ||
	    (!port->passthrough && !ethernet_same_even_mac(ethernet->h_source, port->mac_address)))
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

/* The host and a passthrough port do not receive from each other: they share a MAC. */
static __noinline int ports_egress_group(struct __sk_buff *skb, const struct vfsteer_pair *pair,
					 __u32 origin)
{
	skb->tc_index = 0;
	port_flood(skb, origin, origin);
	if (!origin || port_has_passthrough())
		return TC_ACT_UNSPEC;
	skb->tc_index = PORT_MARK_LOCAL;
	skb->queue_mapping = 0; /* that of the port: see steer_to_owner */
	bpf_clone_redirect(skb, pair->owner_ifindex, BPF_F_INGRESS);
	skb->tc_index = 0;
	return TC_ACT_UNSPEC;
}

/* A frame of a port for the MAC of the pair. */
static __noinline int ports_egress_local(struct __sk_buff *skb, const struct vfsteer_pair *pair,
					 __u32 origin)
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
		return ethernet_is_link_local(ethernet) ? TC_ACT_UNSPEC
							: ports_egress_group(skb, pair, origin);
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
