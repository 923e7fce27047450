/* SPDX-License-Identifier: GPL-2.0-only */
/* The maps. maps.bpf.c is the object that creates them; the other objects use the same maps. */
#ifndef MAPS_H
#define MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "vfsteer.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, VFSTEER_MAX_PAIRS);
	__type(key, __u32);
	__type(value, struct vfsteer_pair);
} pairs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, VFSTEER_MAX_PAIRS);
	__type(key, __u32);
	__type(value, struct vfsteer_counters);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} events SEC(".maps");

#endif
