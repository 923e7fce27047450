/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * port_world: what the tests of the port programs run in: a private network namespace with a pair,
 * whose devices are veths, and three ports. Of each veth the end with a 0 is the guest's, the one
 * with a 1 is what lies beyond: the wire, or a container.
 */
#ifndef PORT_WORLD_H
#define PORT_WORLD_H

#include "vfsteer.h"
#include "chain.h"
#include "maps.skel.h"
#include "namespace.h"
#include "port.skel.h"
#include "port_maps.skel.h"
#include "port_without_btf.skel.h"
#include "port_without_cas.skel.h"
#include "port_without_kfuncs.skel.h"
#include "datapath/variant.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What a case does not say is zero. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SLOT 1u /* not the first: a program that takes any slot but its own shows */
#define OTHER_SLOT 0u
#define MISSING_IFINDEX 60000
#define CHAIN_FAR 7001 /* far0, fardown0, then more devices than a program looks at */

#define US 2, 0x76, 0x66, 0, 0, 1
#define STRANGER 2, 0, 0, 0, 0, 0xbb
#define ALL 255, 255, 255, 255, 255, 255

#define FIRST_PORT 3u
#define SECOND_PORT 5u
#define PASSTHROUGH_PORT 7u
#define FOREIGN_PORT 9u /* of another pair */

#define FIRST_MAC 2, 0x76, 0x66, 0, 1, 1
#define SECOND_MAC 2, 0x76, 0x66, 0, 1, 2
#define FOREIGN_MAC 2, 0x76, 0x66, 0, 1, 9

VARIANT_DEFINE_OPEN(port)

static const char world_devices[] =
	"echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6 &&"
	"for veth in 'st 02:76:66:00:00:01' 'pr 02:76:66:00:00:01' 'pa 02:aa:00:00:00:01' "
	"	'pb 02:aa:00:00:00:02' 'pt 02:aa:00:00:00:03'; do"
	"	set -- $veth;"
	"	ip link add ${1}0 address $2 type veth peer ${1}1 &&"
	"	ip link set ${1}0 up && ip link set ${1}1 up || exit;"
	" done;"
	"ip link add down0 address 02:76:66:00:00:01 type veth peer down1 &&"
	"ip link set down1 up &&"
	"ip link add far0 index 7001 type veth peer far1 &&"
	"ip link add fardown0 index 7257 type veth peer fardown1 &&"
	"ip link set far0 up && ip link set far1 up && ip link set fardown1 up";

static struct {
	struct maps_bpf *maps;
	struct port_maps_bpf *port_maps;
	struct ring_buffer *events;
	struct vfsteer_event last_event;
	unsigned event_count;
	const char *standby; /* NULL: st0 */
} world;

static inline int world_map(const struct bpf_map *map)
{
	return bpf_map__fd(map);
}

static inline int world_on_event(void *context, void *data, size_t size)
{
	(void)context;
	assert_int_equal(size, sizeof(world.last_event));
	memcpy(&world.last_event, data, size);
	world.event_count++;
	return 0;
}

/* How many events there were since the last call. */
static inline unsigned world_events(void)
{
	unsigned count;

	ring_buffer__consume(world.events);
	count = world.event_count;
	world.event_count = 0;
	return count;
}

static inline struct vfsteer_pair world_pair(void)
{
	struct vfsteer_pair pair;

	assert_int_equal(
		bpf_map_lookup_elem(world_map(world.maps->maps.pairs), &(unsigned){ SLOT }, &pair),
		0);
	return pair;
}

/* @primary: its device; NULL: none. */
static inline void world_set_pair(enum vfsteer_path active, const char *primary,
				  bool standby_has_carrier)
{
	struct vfsteer_pair pair = {
		.state = { .active = active,
			   .primary = primary ? PRIMARY_READY : PRIMARY_ABSENT,
			   .switches = 41 },
		.standby = "st0",
		.mac_address = { US },
		.standby_ifindex = if_nametoindex(world.standby ?: "st0"),
		.owner_ifindex = if_nametoindex(world.standby ?: "st0"),
		.standby_has_carrier = standby_has_carrier,
		.abi_version = VFSTEER_ABI_VERSION,
	};

	if (primary)
		pair.primary_ifindex =
			strcmp(primary, "missing") ? if_nametoindex(primary) : MISSING_IFINDEX;
	assert_int_equal(bpf_map_update_elem(world_map(world.maps->maps.pairs), &(unsigned){ SLOT },
					     &pair, BPF_ANY),
			 0);
}

static inline void world_sum(int map, unsigned index, void *ret_sum, size_t size)
{
	int cpus = libbpf_num_possible_cpus();
	__u64 *each = calloc(cpus, size), *sum = ret_sum;
	size_t words = size / sizeof(*each);

	assert_int_equal(bpf_map_lookup_elem(map, &index, each), 0);
	memset(sum, 0, size);
	for (int cpu = 0; cpu < cpus; cpu++)
		for (size_t i = 0; i < words; i++)
			sum[i] += each[cpu * words + i];
	free(each);
}

static inline struct vfsteer_counters world_counters(void)
{
	struct vfsteer_counters sum;

	world_sum(world_map(world.maps->maps.counters), SLOT, &sum, sizeof(sum));
	return sum;
}

static inline struct vfsteer_port_counters world_port_counters(unsigned number)
{
	struct vfsteer_port_counters sum;

	world_sum(world_map(world.port_maps->maps.port_counters), number, &sum, sizeof(sum));
	return sum;
}

static inline void world_clear_counters(void)
{
	void *zero = calloc(libbpf_num_possible_cpus(), sizeof(struct vfsteer_counters));

	for (unsigned slot = 0; slot < 2; slot++)
		assert_int_equal(bpf_map_update_elem(world_map(world.maps->maps.counters), &slot,
						     zero, BPF_ANY),
				 0);
	for (unsigned number = 0; number < VFSTEER_MAX_PORTS; number++)
		assert_int_equal(bpf_map_update_elem(world_map(world.port_maps->maps.port_counters),
						     &number, zero, BPF_ANY),
				 0);
	free(zero);
}

/* XDP may send to this device. */
static inline void world_add_device(const char *name)
{
	__u32 ifindex = if_nametoindex(name);

	assert_int_equal(bpf_map_update_elem(world_map(world.port_maps->maps.port_devices),
					     &ifindex, &ifindex, BPF_ANY),
			 0);
}

static inline void world_remove_device(const char *name)
{
	__u32 ifindex = if_nametoindex(name);

	bpf_map_delete_elem(world_map(world.port_maps->maps.port_devices), &ifindex);
}

/* A port of @slot. @mac: NULL for a passthrough port. */
static inline void world_add_port(unsigned number, unsigned slot, const char *name, const __u8 *mac)
{
	struct vfsteer_port port = { .slot = slot,
				     .ifindex = if_nametoindex(name),
				     .passthrough = !mac };
	struct vfsteer_station_key key = { .slot = slot };
	struct vfsteer_station station = { .ifindex = port.ifindex, .port = number };
	struct vfsteer_members members;

	snprintf(port.name, sizeof(port.name), "%s", name);
	memcpy(port.mac_address, mac ?: (__u8[]){ US }, ETH_ALEN);
	assert_int_equal(bpf_map_update_elem(world_map(world.port_maps->maps.ports), &number, &port,
					     BPF_ANY),
			 0);
	assert_int_equal(
		bpf_map_lookup_elem(world_map(world.port_maps->maps.port_members), &slot, &members),
		0);
	members.ports[members.count++] = number;
	assert_int_equal(bpf_map_update_elem(world_map(world.port_maps->maps.port_members), &slot,
					     &members, BPF_ANY),
			 0);
	if (!mac)
		return;
	memcpy(key.mac, mac, ETH_ALEN);
	assert_int_equal(bpf_map_update_elem(world_map(world.port_maps->maps.port_stations), &key,
					     &station, BPF_ANY),
			 0);
}

static inline void world_close(void)
{
	ring_buffer__free(world.events);
	port_maps_bpf__destroy(world.port_maps);
	maps_bpf__destroy(world.maps);
	memset(&world, 0, sizeof(world));
}

/* The maps, two ports of the pair and one of another. Returns 0 or -1. */
static inline int world_open(void)
{
	world.maps = maps_bpf__open();
	world.port_maps = port_maps_bpf__open();
	if (!world.maps || !world.port_maps ||
	    bpf_map__set_max_entries(world.maps->maps.pairs, 2) ||
	    bpf_map__set_max_entries(world.maps->maps.counters, 2) || maps_bpf__load(world.maps) ||
	    bpf_map__set_max_entries(world.port_maps->maps.port_members, 2) ||
	    port_maps_bpf__load(world.port_maps))
		return -1;
	world.events =
		ring_buffer__new(world_map(world.maps->maps.events), world_on_event, NULL, NULL);
	world_add_port(FIRST_PORT, SLOT, "pa0", (__u8[]){ FIRST_MAC });
	world_add_port(SECOND_PORT, SLOT, "pb0", (__u8[]){ SECOND_MAC });
	world_add_port(FOREIGN_PORT, OTHER_SLOT, "down1", (__u8[]){ FOREIGN_MAC });
	return world.events ? 0 : -1;
}

struct world_load {
	variant_elf_t elf;
	enum vfsteer_liveness liveness;
	unsigned port_number;
	bool passthrough; /* the pair has a port of this kind */
	bool from_veth;
	bool uplinks_take_fragments;
	bool one_buffer; /* without BTF a program does not know frames of several */
};

/* The programs, on the world's maps. Ends with port_bpf__destroy. NULL: errno says why not. */
static inline struct port_bpf *world_load(const struct world_load *wanted)
{
	struct port_bpf *port = port_open(wanted->elf ?: port_bpf__elf_bytes);
	int error;

	if (!port)
		return NULL;
	port->rodata->pair_slot = SLOT;
	port->rodata->alive_by = wanted->liveness;
	port->rodata->port_number = wanted->port_number;
	port->rodata->passthrough_port = wanted->passthrough ? PASSTHROUGH_PORT : VFSTEER_MAX_PORTS;
	port->rodata->comes_from_veth = wanted->from_veth;
	port->rodata->uplinks_take_fragments = wanted->uplinks_take_fragments;
	if (!wanted->one_buffer) {
		bpf_program__set_flags(port->progs.port_xdp, BPF_F_XDP_HAS_FRAGS);
		bpf_program__set_flags(port->progs.uplink_xdp, BPF_F_XDP_HAS_FRAGS);
	}
	error = bpf_map__reuse_fd(port->maps.pairs, world_map(world.maps->maps.pairs));
	error = error
			?: bpf_map__reuse_fd(port->maps.counters,
					     world_map(world.maps->maps.counters));
	error = error ?: bpf_map__reuse_fd(port->maps.events, world_map(world.maps->maps.events));
	error = error
			?: bpf_map__reuse_fd(port->maps.ports,
					     world_map(world.port_maps->maps.ports));
	error = error
			?: bpf_map__reuse_fd(port->maps.port_counters,
					     world_map(world.port_maps->maps.port_counters));
	error = error
			?: bpf_map__reuse_fd(port->maps.port_members,
					     world_map(world.port_maps->maps.port_members));
	error = error
			?: bpf_map__reuse_fd(port->maps.port_stations,
					     world_map(world.port_maps->maps.port_stations));
	error = error
			?: bpf_map__reuse_fd(port->maps.port_devices,
					     world_map(world.port_maps->maps.port_devices));
	error = error
			?: bpf_map__reuse_fd(port->maps.port_addresses,
					     world_map(world.port_maps->maps.port_addresses));
	error = error
			?: bpf_map__reuse_fd(port->maps.port_shares,
					     world_map(world.port_maps->maps.port_shares));
	error = error ?: port_bpf__load(port);
	if (!error)
		return port;
	port_bpf__destroy(port);
	errno = -error;
	return NULL;
}

static inline int world_quiet(enum libbpf_print_level level, const char *format, va_list arguments)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, arguments) : 0;
}

/* Into a namespace with the devices. Returns 0, or the exit status of a test that cannot run. */
static inline int world_enter(void)
{
	setbuf(stdout, NULL);
	libbpf_set_print(world_quiet);
	if (!namespace_enter())
		return 77;
	if (system(world_devices) || chain_lengthen(CHAIN_FAR, CHAIN_LOOK)) {
		printf("the veths could not be made\n");
		return 1;
	}
	return 0;
}

#endif
