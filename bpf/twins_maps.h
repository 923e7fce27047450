/* SPDX-License-Identifier: GPL-2.0-only */
/* The maps of twins.h. They are separate, because each object that names a map creates it. */
#ifndef TWINS_MAPS_H
#define TWINS_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "vfsteer.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, VFSTEER_TWINS_BUCKETS);
	__type(key, __u32);
	__type(value, struct vfsteer_twins);
} twins SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct vfsteer_twins_key);
} twins_key SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, VFSTEER_MAX_OWN_MACS);
	__type(key, struct vfsteer_own_mac);
	__type(value, __u8);
} own_macs SEC(".maps");

#endif
