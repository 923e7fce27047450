/* SPDX-License-Identifier: GPL-2.0-only */
/* port: what the port programs share: constants, look-up of a station, counters. */
#ifndef PORT_H
#define PORT_H

#include "ethernet.h"
#include "pair.h"
#include "port_maps.h"

const volatile __u32 pair_slot = 0;
/* port_xdp, port_ingress: of their port */
const volatile __u32 port_number = 0;
/* of the pair; VFSTEER_MAX_PORTS: none */
const volatile __u32 passthrough_port = VFSTEER_MAX_PORTS;

static __always_inline bool port_has_passthrough(void)
{
	return passthrough_port < VFSTEER_MAX_PORTS;
}

static __always_inline struct vfsteer_pair *port_pair(void)
{
	__u32 slot = pair_slot;

	return bpf_map_lookup_elem(&pairs, &slot);
}

static __always_inline struct vfsteer_port *port_of(__u32 number)
{
	return bpf_map_lookup_elem(&ports, &number);
}

static __always_inline struct vfsteer_members *port_pair_members(void)
{
	__u32 slot = pair_slot;

	return bpf_map_lookup_elem(&port_members, &slot);
}

/* Returns the station of the pair that has @mac, an address within a frame; NULL: none. */
static __always_inline struct vfsteer_station *port_station(const __u8 *mac)
{
	const __u16 *from = (const void *)mac;
	struct vfsteer_station_key key = { .slot = pair_slot };
	__u16 *to = (void *)key.mac;

	to[0] = from[0];
	to[1] = from[1];
	to[2] = from[2];
	return bpf_map_lookup_elem(&port_stations, &key);
}

static __always_inline struct vfsteer_port_counters *port_counts(__u32 number)
{
	return bpf_map_lookup_elem(&port_counters, &number);
}

static __always_inline struct vfsteer_counters *port_pair_counts(void)
{
	__u32 slot = pair_slot;

	return bpf_map_lookup_elem(&counters, &slot);
}

#define port_count(number, field)                                                                  \
	do {                                                                                       \
		struct vfsteer_port_counters *counts = port_counts(number);                        \
		if (counts)                                                                        \
			counts->field++;                                                           \
	} while (0)

#endif
