/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The maps of the ports. They are separate, because they are created with the first port of a pair.
 * port_maps.bpf.c is the object that creates them; the port programs use the same maps.
 */
#ifndef PORT_MAPS_H
#define PORT_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "vfsteer.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, VFSTEER_MAX_PORTS);
	__type(key, __u32);
	__type(value, struct vfsteer_port);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, VFSTEER_MAX_PORTS);
	__type(key, __u32);
	__type(value, struct vfsteer_port_counters);
} port_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, VFSTEER_MAX_PAIRS);
	__type(key, __u32);
	__type(value, struct vfsteer_members);
} port_members SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2 * VFSTEER_MAX_PORTS);
	__type(key, struct vfsteer_station_key);
	__type(value, struct vfsteer_station);
} port_stations SEC(".maps");

/* Has each port, and both devices of each pair that has a port. */
struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
	__uint(max_entries, 4 * VFSTEER_MAX_PORTS);
	__type(key, __u32);
	__type(value, __u32);
} port_devices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, VFSTEER_MAX_PORT_ADDRESSES);
	__type(key, struct vfsteer_port_address_key);
	__type(value, struct vfsteer_port_address);
} port_addresses SEC(".maps");

/*
 * What a port has added to port_addresses, oldest first from `next` on. Only the programs use it.
 * It is pinned for the programs that replace them.
 */
struct port_share {
	struct bpf_spin_lock lock;
	__u32 next;
	__u64 woken_boot_ns; /* when the agent was last woken */
	struct vfsteer_port_address_key keys[VFSTEER_PORT_SHARE];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, VFSTEER_MAX_PORTS);
	__type(key, __u32);
	__type(value, struct port_share);
} port_shares SEC(".maps");

#endif
