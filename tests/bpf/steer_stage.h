/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * steer_stage: the programs of steer, loaded with one way to find out whether the primary can send,
 * the maps of a pair between real veths in a private network namespace, frames, and what is
 * expected of one.
 */
#ifndef STEER_STAGE_H
#define STEER_STAGE_H

#include "vfsteer.h"
#include "chain.h"
#include "maps.skel.h"
#include "namespace.h"
#include "steer.skel.h"
#include "steer_without_btf.skel.h"
#include "steer_without_cas.skel.h"
#include "steer_without_kfuncs.skel.h"
#include "datapath/variant.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

/* What a case does not say is zero. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define SLOT 1u /* not the first: a program that takes any slot but its own shows */
#define OTHER_SLOT 0u
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TAKEN TC_ACT_UNSPEC
#define COUNTER(name) offsetof(struct vfsteer_counters, name)
#define COUNTS_NOTHING sizeof(struct vfsteer_counters)
#define MISSING_IFINDEX 60000

#define CHAIN_NEAR 7000 /* near0, neardown0, then 20 others */
#define CHAIN_FAR 7001  /* far0, fardown0, then more than a program looks at */
#define CHAIN_NEAR_MISSING (CHAIN_NEAR + 1000 * CHAINS)

static const char devices[] =
	"ip link add st0 address 02:76:66:00:00:01 type veth peer st1 &&ip link add pr0 address "
	"02:76:66:00:00:01 type veth peer pr1 &&ip link add ow0 address 02:76:66:00:00:01 type "
	"veth peer ow1 && ip link set ow0 up && ip link set ow1 up &&ip link add down0 address "
	"02:76:66:00:00:01 type veth peer down1 &&ip link add nocarrier0 address "
	"02:76:66:00:00:01 type veth peer nocarrier1 &&ip link add near0 index 7000 type veth "
	"peer near1 && ip link add neardown0 index 7256 type veth peer neardown1 &&ip link add "
	"far0 index 7001 type veth peer far1 && ip link add fardown0 index 7257 type veth peer "
	"fardown1 &&ip link set near0 up && ip link set near1 up && ip link set neardown1 up "
	"&&ip link set far0 up && ip link set far1 up && ip link set fardown1 up &&ip link set "
	"st0 up && ip link set st1 up && ip link set pr0 up && ip link set pr1 up &&ip link set "
	"down1 up && ip link set nocarrier0 up";

VARIANT_DEFINE_OPEN(steer)

static struct {
	enum vfsteer_liveness liveness, home_by;
	enum vfsteer_kind kind;
	variant_elf_t elf;
	struct maps_bpf *maps;
	struct steer_bpf *steer;
	struct ring_buffer *events;
	struct vfsteer_event last_event;
	unsigned event_count;
} world;

enum frame_kind {
	UNICAST_V4,
	UNICAST_V6,
	ARP_REQUEST,
	BROADCAST,
	MULTICAST_V4,
	MULTICAST_V6,
	LINK_LOCAL,
	LINK_LOCAL_HIGH, /* 01:80:c2:00:00:10 is beyond the reserved sixteen */
	OWN_BROADCAST,
	OWN_MULTICAST,
	OWN_LINK_LOCAL,
	VLAN_UNICAST,
	VLAN_BROADCAST,
	FOREIGN_UNICAST,
	OWN_UNICAST, /* from and to the pair's MAC */
	RUNT,
};

#define US 2, 0x76, 0x66, 0, 0, 1
#define PEER 2, 0, 0, 0, 0, 0xaa
#define STRANGER 2, 0, 0, 0, 0, 0xbb
#define ALL 255, 255, 255, 255, 255, 255

static const struct {
	const char *name;
	uint8_t bytes[18];
	unsigned size;
} frames[] = {
	[UNICAST_V4] = { "unicast IPv4", { US, PEER, 8, 0, 0x45 }, 64 },
	[UNICAST_V6] = { "unicast IPv6", { US, PEER, 0x86, 0xdd, 0x60 }, 64 },
	[ARP_REQUEST] = { "ARP request", { ALL, PEER, 8, 6 }, 60 },
	[BROADCAST] = { "broadcast", { ALL, PEER, 8, 0, 0x45 }, 64 },
	[MULTICAST_V4] = { "IPv4 multicast", { 1, 0, 0x5e, 1, 2, 3, PEER, 8, 0, 0x45 }, 64 },
	[MULTICAST_V6] = { "IPv6 multicast",
			   { 0x33, 0x33, 0, 0, 0, 1, PEER, 0x86, 0xdd, 0x60 },
			   64 },
	[LINK_LOCAL] = { "802.1D link-local", { 1, 0x80, 0xc2, 0, 0, 0xe, PEER, 0x88, 0xcc }, 60 },
	[LINK_LOCAL_HIGH] = { "802.1D beyond link-local",
			      { 1, 0x80, 0xc2, 0, 0, 0x10, PEER, 0x88, 0xcc },
			      60 },
	[OWN_BROADCAST] = { "own broadcast", { ALL, US, 8, 0, 0x45 }, 64 },
	[OWN_MULTICAST] = { "own multicast", { 0x33, 0x33, 0, 0, 0, 1, US, 0x86, 0xdd, 0x60 }, 64 },
	[OWN_LINK_LOCAL] = { "own link-local", { 1, 0x80, 0xc2, 0, 0, 0xe, US, 0x88, 0xcc }, 60 },
	[VLAN_UNICAST] = { "tagged unicast", { US, PEER, 0x81, 0, 0, 5, 8, 0 }, 64 },
	[VLAN_BROADCAST] = { "tagged broadcast", { ALL, PEER, 0x81, 0, 0, 5, 8, 0 }, 64 },
	[FOREIGN_UNICAST] = { "foreign unicast", { STRANGER, PEER, 8, 0, 0x45 }, 64 },
	[OWN_UNICAST] = { "unicast from and to us", { US, US, 8, 0, 0x45 }, 64 },
	[RUNT] = { "runt", { US, PEER, 0x88, 0xb5 }, ETH_HLEN },
};

static inline struct vfsteer_pair pair_get(unsigned slot)
{
	struct vfsteer_pair pair;

	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(world.maps->maps.pairs), &slot, &pair), 0);
	return pair;
}

static void pair_put(unsigned slot, const struct vfsteer_pair *pair)
{
	assert_int_equal(
		bpf_map_update_elem(bpf_map__fd(world.maps->maps.pairs), &slot, pair, BPF_ANY), 0);
}

static inline struct vfsteer_counters counters_get(unsigned slot)
{
	int cpus = libbpf_num_possible_cpus();
	struct vfsteer_counters *each = calloc(cpus, sizeof(*each)), sum = { 0 };

	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(world.maps->maps.counters), &slot, each),
			 0);
	for (int cpu = 0; cpu < cpus; cpu++)
		for (size_t i = 0; i < sizeof(sum) / sizeof(__u64); i++)
			((__u64 *)&sum)[i] += ((__u64 *)&each[cpu])[i];
	free(each);
	return sum;
}

/* With another key what has come so far looks like nothing that comes from now on. */
static void twins_forget(void)
{
	static uint64_t seed = 1;
	uint32_t zero = 0;
	union {
		struct vfsteer_twins_key key;
		uint64_t words[sizeof(struct vfsteer_twins_key) / sizeof(uint64_t)];
	} key;

	for (size_t i = 0; i < COUNT(key.words); i++) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		key.words[i] = seed ^ seed >> 29;
	}
	key.key.multiplier |= 1;
	assert_int_equal(
		bpf_map_update_elem(bpf_map__fd(world.maps->maps.twins_key), &zero, &key, BPF_ANY),
		0);
}

static void counters_clear(unsigned slot)
{
	struct vfsteer_counters *zero = calloc(libbpf_num_possible_cpus(), sizeof(*zero));

	assert_int_equal(
		bpf_map_update_elem(bpf_map__fd(world.maps->maps.counters), &slot, zero, BPF_ANY),
		0);
	free(zero);
}

static int on_event(void *context, void *data, size_t size)
{
	(void)context;
	assert_int_equal(size, sizeof(world.last_event));
	memcpy(&world.last_event, data, size);
	world.event_count++;
	return 0;
}

/* How often a pair's primary was found wanting since the last call. */
static unsigned events_take(void)
{
	unsigned count;

	ring_buffer__consume(world.events);
	count = world.event_count;
	world.event_count = 0;
	return count;
}

static inline bool sees_devices(void)
{
	return world.liveness == LIVENESS_KFUNC || world.liveness == LIVENESS_PROBE;
}

/* What the pair looks like, for one case. */
struct setting {
	enum vfsteer_path active;
	enum vfsteer_primary_state primary;
	const char *device;       /* of the primary; NULL: pr0 */
	bool absent;              /* no primary at all */
	bool bridge_port;
	bool standby_dead;        /* no carrier */
};

static inline void set(const struct setting *setting)
{
	struct vfsteer_pair pair = {
		.state = { .active = setting->active,
			   .primary = setting->primary ?: PRIMARY_READY,
			   .switches = 41 },
		.standby = "st0",
		.primary = "pr0",
		.mac_address = { US },
		.standby_ifindex = if_nametoindex("st0"),
		.kind = world.kind,
		.owner_ifindex = if_nametoindex(world.kind == KIND_PLAIN ? "st0" : "ow0"),
		.standby_has_carrier = !setting->standby_dead,
		.standby_takes_foreign_macs = setting->bridge_port,
		.abi_version = VFSTEER_ABI_VERSION,
	};
	struct vfsteer_pair other = { .state = { .active = PATH_PRIMARY, .primary = PRIMARY_READY },
				      .standby = "other",
				      .standby_ifindex = 1,
				      .primary_ifindex = 1 };

	if (!setting->absent)
		pair.primary_ifindex = !setting->device			     ? if_nametoindex("pr0")
				       : !strcmp(setting->device, "missing") ? MISSING_IFINDEX
				       : !strcmp(setting->device, "nearmissing")
					       ? CHAIN_NEAR_MISSING
					       : if_nametoindex(setting->device);
	pair_put(SLOT, &pair);
	pair_put(OTHER_SLOT, &other);
	twins_forget();
	counters_clear(SLOT);
	counters_clear(OTHER_SLOT);
	events_take();
}

static int run_sized(struct bpf_program *program, enum frame_kind kind, const char *on,
		     unsigned segments)
{
	uint8_t frame[128] = { 0 };
	struct __sk_buff skb = { .ifindex = if_nametoindex(on), .gso_segs = segments };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = frames[kind].size,
		    .ctx_in = &skb, .ctx_size_in = sizeof(skb), .repeat = 1);
	int error;

	memcpy(frame, frames[kind].bytes,
	       frames[kind].size < sizeof(frames[kind].bytes) ? frames[kind].size
							      : sizeof(frames[kind].bytes));
	error = bpf_prog_test_run_opts(bpf_program__fd(program), &options);
	if (error)
		print_error("%s: the frame could not be run: %s\n", frames[kind].name,
			    strerror(-error));
	assert_int_equal(error, 0);
	return (int)options.retval;
}

static inline int run(struct bpf_program *program, enum frame_kind kind, const char *on)
{
	return run_sized(program, kind, on, 0);
}

static int load(struct steer_bpf **ret)
{
	struct steer_bpf *steer = steer_open(world.elf);
	int error;

	if (!steer)
		return -errno;
	steer->rodata->pair_slot = SLOT;
	steer->rodata->pair_kind = world.kind;
	steer->rodata->alive_by = world.liveness;
	steer->rodata->home_by = world.home_by;
	error = bpf_map__reuse_fd(steer->maps.pairs, bpf_map__fd(world.maps->maps.pairs));
	error = error
			?: bpf_map__reuse_fd(steer->maps.counters,
					     bpf_map__fd(world.maps->maps.counters));
	error = error
			?: bpf_map__reuse_fd(steer->maps.events,
					     bpf_map__fd(world.maps->maps.events));
	error = error ?: bpf_map__reuse_fd(steer->maps.twins, bpf_map__fd(world.maps->maps.twins));
	error = error
			?: bpf_map__reuse_fd(steer->maps.twins_key,
					     bpf_map__fd(world.maps->maps.twins_key));
	error = error
			?: bpf_map__reuse_fd(steer->maps.own_macs,
					     bpf_map__fd(world.maps->maps.own_macs));
	error = error ?: steer_bpf__load(steer);
	if (error) {
		steer_bpf__destroy(steer);
		return error;
	}
	*ret = steer;
	return 0;
}

static int teardown(void **context)
{
	(void)context;
	ring_buffer__free(world.events);
	steer_bpf__destroy(world.steer);
	maps_bpf__destroy(world.maps);
	world.events = NULL;
	world.steer = NULL;
	world.maps = NULL;
	return 0;
}

static int setup(void **context)
{
	int error;

	(void)context;
	world.maps = maps_bpf__open();
	if (!world.maps || bpf_map__set_max_entries(world.maps->maps.pairs, 2) ||
	    bpf_map__set_max_entries(world.maps->maps.counters, 2) || maps_bpf__load(world.maps))
		return -1;
	error = load(&world.steer);
	if (error) {
		print_message("# liveness %d cannot be loaded here: %s\n", world.liveness,
			      strerror(-error));
		return -1;
	}
	world.events = ring_buffer__new(bpf_map__fd(world.maps->maps.events), on_event, NULL, NULL);
	return world.events ? 0 : -1;
}

/* One expectation: verdict, and the one packet counter that moves. */
struct expectation {
	enum frame_kind kind;
	struct setting setting;
	int verdict;
	size_t counter;
	bool word_differs; /* LIVENESS_WORD, which sees no device, redirects all the same */
};

/* The last three members of an expectation: those that pairs of both kinds have. */
#define TO_PRIMARY TC_ACT_REDIRECT, COUNTER(tx_primary_packets), false
#define LEAVE_PRIMARY TAKEN, COUNTER(rx_primary_link_local_packets), false
#define DROP_STANDBY TC_ACT_SHOT, COUNTER(drop_group_standby_inactive_packets), false
#define DROP_PRIMARY TC_ACT_SHOT, COUNTER(drop_group_primary_inactive_packets), false
#define DROP_ECHO TC_ACT_SHOT, COUNTER(drop_own_echo_packets), false
#define DROP_FOREIGN TC_ACT_SHOT, COUNTER(drop_foreign_inactive_packets), false

static inline void expect(struct bpf_program *program, const char *on,
			  const struct expectation *cases, size_t count)
{
	unsigned failures = 0;

	for (size_t i = 0; i < count; i++) {
		const struct expectation *wanted = &cases[i];
		struct vfsteer_counters counts, other, expected = { 0 };
		size_t packets = wanted->counter;
		int verdict;

		if (wanted->word_differs && !sees_devices())
			continue;
		set(&wanted->setting);
		verdict = run(program, wanted->kind, on);
		counts = counters_get(SLOT);
		other = counters_get(OTHER_SLOT);
		/* Bytes follow their packets. */
		if (packets != COUNTS_NOTHING)
			*(__u64 *)((char *)&expected + packets) = 1;
		if (packets < COUNTER(tx_primary_refused_packets))
			*(__u64 *)((char *)&expected + packets + sizeof(__u64)) =
				frames[wanted->kind].size;
		expected.rx_primary_group_packets =
			packets == COUNTER(rx_primary_packets) && frames[wanted->kind].bytes[0] & 1;
		if (verdict == wanted->verdict && !memcmp(&counts, &expected, sizeof(counts)) &&
		    !memcmp(&other, &(struct vfsteer_counters){ 0 }, sizeof(other)) &&
		    !events_take() && pair_get(SLOT).state.switches == 41)
			continue;
		print_error("case %zu, %s: verdict %d, not %d; counters that moved:", i,
			    frames[wanted->kind].name, verdict, wanted->verdict);
		for (size_t j = 0; j < sizeof(counts) / sizeof(__u64); j++)
			if (((__u64 *)&counts)[j])
				print_error(" %zu (%llu)", j,
					    (unsigned long long)((__u64 *)&counts)[j]);
		print_error("; expected %zu\n", packets / sizeof(__u64));
		failures++;
	}
	assert_int_equal(failures, 0);
}

static inline int quiet(enum libbpf_print_level level, const char *format, va_list arguments)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, arguments) : 0;
}

/* A method that this kernel does not have is no failure, as long as another does. */
static inline bool can_load(enum vfsteer_liveness liveness, variant_elf_t elf, const char *name)
{
	bool loaded;

	libbpf_set_print(NULL);
	world.liveness = liveness;
	world.elf = elf;
	loaded = !setup(NULL);
	teardown(NULL);
	libbpf_set_print(quiet);
	if (!loaded)
		printf("ok 0 - liveness %s # SKIP this kernel does not load it\n", name);
	return loaded;
}

/* @tests with each method. Returns main's exit status. */
static inline int run_methods(const struct CMUnitTest *tests, size_t count)
{
	static const struct {
		enum vfsteer_liveness liveness;
		variant_elf_t elf;
		const char *name;
	} methods[] = {
		{ LIVENESS_WORD, steer_bpf__elf_bytes, "word" },
		{ LIVENESS_KFUNC, steer_bpf__elf_bytes, "kfunc" },
		{ LIVENESS_PROBE, steer_bpf__elf_bytes, "probe" },
		{ LIVENESS_PROBE, steer_without_kfuncs_bpf__elf_bytes, "probe, without kfuncs" },
		{ LIVENESS_WORD, steer_without_cas_bpf__elf_bytes,
		  "word, without compare-and-swap" },
		{ LIVENESS_PROBE, steer_without_cas_bpf__elf_bytes,
		  "probe, without compare-and-swap" },
		{ LIVENESS_NETLINK, steer_without_btf_bpf__elf_bytes, "netlink, without BTF" },
	};
	int failures = 0;

	setbuf(stdout, NULL);
	if (!namespace_enter())
		return 77;
	if (system(devices) || chain_lengthen(CHAIN_NEAR, 20) ||
	    chain_lengthen(CHAIN_FAR, CHAIN_LOOK)) {
		printf("the veths could not be made\n");
		return 1;
	}
	usleep(200000); /* the link work of the veths */
	for (size_t i = 0; i < COUNT(methods); i++)
		if (can_load(methods[i].liveness, methods[i].elf, methods[i].name))
			failures += _cmocka_run_group_tests(methods[i].name, tests, count, setup,
							    teardown);
	return failures != 0;
}

#endif
