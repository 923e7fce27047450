/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * port_native: the XDP programs of port.bpf.c. They pass a frame to the tc programs if they cannot
 * decide about it, or if its target accepts no XDP frames.
 *
 * They may be loaded with BPF_F_XDP_HAS_FRAGS (Linux 5.18), except without BTF, where they cannot
 * recognise a frame of several buffers. The flag is not in the names of their sections: libbpf
 * would set it on kernels that refuse it, too.
 */
#ifndef PORT_NATIVE_H
#define PORT_NATIVE_H

#include "port.h"
#include "port_frame.h"

static __always_inline int port_redirect(__u32 ifindex)
{
	return bpf_redirect_map(&port_devices, ifindex, XDP_PASS);
}

/*
 * Keys of maps are on the stack. A key that is already there makes a look-up nearly free, so the
 * look-ups of every frame share their keys.
 */
static __always_inline void port_count_native_tx(const __u32 *number, __u32 bytes)
{
	struct vfsteer_port_counters *counts = bpf_map_lookup_elem(&port_counters, number);

	if (!counts)
		return;
	counts->tx_packets++;
	counts->tx_bytes += bytes;
	counts->tx_native_packets++;
}

static __always_inline void port_count_native_rx(const __u32 *number, __u32 bytes)
{
	struct vfsteer_port_counters *counts = bpf_map_lookup_elem(&port_counters, number);

	if (!counts)
		return;
	counts->rx_packets++;
	counts->rx_bytes += bytes;
	counts->rx_native_packets++;
}

/* May a frame of @bytes go to the port @number, with the buffers that it has? */
static __always_inline bool port_takes_buffers(struct xdp_md *frame, __u32 bytes, __u32 number)
{
	const struct vfsteer_port *port;

	if (bytes == port_frame_linear_length(frame))
		return true;
	port = port_of(number);
	return port && port->takes_fragments;
}

static __noinline int port_xdp_to_port(struct xdp_md *frame, __u32 number, __u32 ifindex)
{
	__u32 bytes = port_frame_length(frame), from = port_number;
	int verdict = XDP_PASS;

	if (ifindex != frame->ingress_ifindex && port_takes_buffers(frame, bytes, number))
		verdict = port_redirect(ifindex);
	if (verdict == XDP_REDIRECT) {
		port_count_native_tx(&from, bytes);
		port_count_native_rx(&number, bytes);
	}
	return verdict;
}

static __noinline int port_xdp_standby(struct xdp_md *frame, const struct vfsteer_pair *pair,
				       __u32 bytes)
{
	struct vfsteer_counters *counts;
	__u32 number = port_number;
	int verdict;

	/* Without carrier, steer_egress handles the frame. */
	if (!alive_standby_xdp(frame, pair))
		return XDP_PASS;
	verdict = port_redirect(pair->standby_ifindex);
	if (verdict != XDP_REDIRECT)
		return verdict;
	port_count_native_tx(&number, bytes);
	counts = port_pair_counts();
	if (counts) {
		counts->tx_standby_packets++;
		counts->tx_standby_bytes += bytes;
	}
	return verdict;
}

static __noinline int port_xdp_refused(struct xdp_md *frame, const struct vfsteer_pair *pair,
				       __u32 bytes)
{
	struct vfsteer_counters *counts = port_pair_counts();

	if (counts)
		counts->tx_primary_refused_packets++;
	pair_leave_primary(pair_slot, PRIMARY_DOWN, CAUSE_CANNOT_SEND);
	return port_xdp_standby(frame, pair, bytes);
}

static __noinline int port_xdp_drop(void)
{
	port_count(port_number, drop_foreign_source_packets);
	return XDP_DROP;
}

SEC("xdp")
int port_xdp(struct xdp_md *frame)
{
	struct ethhdr *ethernet = (void *)(long)frame->data;
	void *end = (void *)(long)frame->data_end;
	__u32 slot = pair_slot, number = port_number, primary, bytes;
	const struct vfsteer_pair *pair = bpf_map_lookup_elem(&pairs, &slot);
	const struct vfsteer_port *port = bpf_map_lookup_elem(&ports, &number);
	const struct vfsteer_members *members = bpf_map_lookup_elem(&port_members, &slot);
	struct vfsteer_counters *counts;
	int verdict;

	if ((void *)(ethernet + 1) > end || !pair || !port || !members)
		return XDP_PASS;
	if (!port->passthrough && !ethernet_same_even_mac(ethernet->h_source, port->mac_address))
		return port_xdp_drop();
	if (ethernet_is_group(ethernet) ||
	    ethernet_same_even_mac(ethernet->h_dest, pair->mac_address))
		return XDP_PASS;
	if (port_frame_has_addresses(ethernet, end))
		return XDP_PASS;
	if (port_frame_is_partial(frame))
		return XDP_PASS;
	if (members->count > 1) {
		const struct vfsteer_station *station = port_station(ethernet->h_dest);

		if (station)
			return port_xdp_to_port(frame, station->port, station->ifindex);
	}
	bytes = port_frame_length(frame);
	if (bytes != port_frame_linear_length(frame) && !uplinks_take_fragments)
		return XDP_PASS;
	if (pair_active_read(pair) != PATH_PRIMARY)
		return port_xdp_standby(frame, pair, bytes);
	primary = pair_primary_read(pair);
	if (!alive_ifindex_xdp(frame, primary))
		return port_xdp_refused(frame, pair, bytes);
	verdict = port_redirect(primary);
	if (verdict != XDP_REDIRECT)
		return verdict;
	port_count_native_tx(&number, bytes);
	counts = bpf_map_lookup_elem(&counters, &slot);
	if (counts) {
		counts->tx_primary_packets++;
		counts->tx_primary_bytes += bytes;
	}
	return verdict;
}

/*
 * Finds the port that a frame from the network is for. Most pairs have one port: a comparison costs
 * less than the hash.
 */
static __always_inline bool port_find_target(const __u32 *slot, const struct ethhdr *ethernet,
					     __u32 *ret_number, __u32 *ret_ifindex)
{
	const struct vfsteer_members *members = bpf_map_lookup_elem(&port_members, slot);
	const struct vfsteer_station *station;
	const struct vfsteer_port *port;

	if (!members)
		return false;
	if (members->count == 1) {
		*ret_number = members->ports[0];
		port = bpf_map_lookup_elem(&ports, ret_number);
		if (!port)
			return false;
		*ret_ifindex = port->ifindex;
		return *ret_number == passthrough_port ||
		       ethernet_same_even_mac(ethernet->h_dest, port->mac_address);
	}
	station = port_station(ethernet->h_dest);
	if (station) {
		*ret_number = station->port;
		*ret_ifindex = station->ifindex;
		return true;
	}
	port = port_has_passthrough() ? port_of(passthrough_port) : NULL;
	if (!port)
		return false;
	*ret_number = passthrough_port;
	*ret_ifindex = port->ifindex;
	return true;
}

SEC("xdp")
int uplink_xdp(struct xdp_md *frame)
{
	struct ethhdr *ethernet = (void *)(long)frame->data;
	void *end = (void *)(long)frame->data_end;
	__u32 slot = pair_slot, number, ifindex, bytes;
	const struct vfsteer_pair *pair = bpf_map_lookup_elem(&pairs, &slot);
	struct vfsteer_counters *counts;
	bool on_standby;
	int verdict;

	if ((void *)(ethernet + 1) > end || !pair || ethernet_is_group(ethernet))
		return XDP_PASS;
	on_standby = frame->ingress_ifindex == pair->standby_ifindex;
	/* The tc programs compare: see twins.h. */
	if (on_standby ? pair->rx_compares_standby : pair->rx_compares_primary)
		return XDP_PASS;
	if (!port_has_passthrough() && ethernet_same_even_mac(ethernet->h_dest, pair->mac_address))
		return XDP_PASS;
	if (!port_find_target(&slot, ethernet, &number, &ifindex))
		return XDP_PASS;
	bytes = port_frame_length(frame);
	if (port_frame_is_partial(frame) || !port_takes_buffers(frame, bytes, number))
		return XDP_PASS;
	verdict = port_redirect(ifindex);
	if (verdict != XDP_REDIRECT)
		return verdict;
	port_count_native_rx(&number, bytes);
	counts = bpf_map_lookup_elem(&counters, &slot);
	if (!counts)
		return verdict;
	if (on_standby) {
		counts->rx_standby_packets++;
		counts->rx_standby_bytes += bytes;
	} else {
		counts->rx_primary_packets++;
		counts->rx_primary_bytes += bytes;
	}
	return verdict;
}

#endif
