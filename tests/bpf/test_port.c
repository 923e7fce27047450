/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The XDP programs of ports, run frame by frame (BPF_PROG_TEST_RUN). A run does not tell where a
 * frame was redirected to; but a device that is not in port_devices cannot be: each case is run
 * with its target as the only one there, and with all others.
 */
#include "port_world.h"

#include <linux/bpf.h>
#include <unistd.h>

static const char *const uplinks_and_ports[] = { "st0", "pr0", "pa0", "pb0", "pt0" };

static struct {
	struct world_load load;
	struct port_bpf *programs;
} under_test;

#define FRAME_MAX 9000
#define BUFFER_MAX 3000 /* of one page, with what the kernel wants around it */

struct frame {
	const char *name;
	uint8_t bytes[64];
	unsigned size;
};

/* What is before a frame is a multiple of the unit, and no more than that. */
#define METADATA_UNIT 4
#define METADATA_MAX 32

/* Returns the verdict, or -errno. */
static int run_from(struct bpf_program *program, const char *on, const uint8_t *bytes,
		    unsigned size, unsigned metadata)
{
	struct xdp_md context = { .data = metadata,
				  .data_end = size,
				  .ingress_ifindex = if_nametoindex(on) };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = bytes, .data_size_in = size,
		    .ctx_in = &context, .ctx_size_in = sizeof(context), .repeat = 1);
	int error = bpf_prog_test_run_opts(bpf_program__fd(program), &options);

	return error ?: (int)options.retval;
}

static int run(struct bpf_program *program, const char *on, const struct frame *frame)
{
	static uint8_t bytes[FRAME_MAX];
	int verdict;

	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes, frame->bytes, sizeof(frame->bytes));
	verdict = run_from(program, on, bytes, frame->size, 0);
	if (verdict < 0)
		print_error("%s could not be run: %s\n", frame->name, strerror(-verdict));
	assert_true(verdict >= 0);
	return verdict;
}

static void only_device(const char *name)
{
	for (size_t i = 0; i < COUNT(uplinks_and_ports); i++)
		if (!strcmp(uplinks_and_ports[i], name))
			world_add_device(uplinks_and_ports[i]);
		else
			world_remove_device(uplinks_and_ports[i]);
}

static void all_devices_but(const char *name)
{
	for (size_t i = 0; i < COUNT(uplinks_and_ports); i++)
		if (name && !strcmp(uplinks_and_ports[i], name))
			world_remove_device(uplinks_and_ports[i]);
		else
			world_add_device(uplinks_and_ports[i]);
}

/* @target: NULL: nowhere, whatever there is. */
static void expect(struct bpf_program *program, const char *on, const struct frame *frame,
		   const char *target, int otherwise)
{
	int verdict;

	if (under_test.load.one_buffer && frame->size > BUFFER_MAX)
		return;
	if (target) {
		only_device(target);
		verdict = run(program, on, frame);
		if (verdict != XDP_REDIRECT)
			print_error("%s: verdict %d, not redirected to %s\n", frame->name, verdict,
				    target);
		assert_int_equal(verdict, XDP_REDIRECT);
	}
	all_devices_but(target);
	verdict = run(program, on, frame);
	if (verdict != otherwise)
		print_error("%s: verdict %d, not %d, without %s\n", frame->name, verdict, otherwise,
			    target ?: "a target");
	assert_int_equal(verdict, otherwise);
	all_devices_but(NULL);
}

#define IPV4 8, 0, 0x45
#define IPV6_TCP 0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, 6, 64
#define TAG 0x81, 0, 0, 5
/* An IPv6 header with ICMPv6 next; its addresses; the type. */
#define IPV6_ICMP(type)                                                                            \
	0x86, 0xdd, 0x60, 0, 0, 0, 0, 8, 58, 255, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,  \
		0, 1, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, type

static const struct frame ordinary = { "unicast", { STRANGER, FIRST_MAC, IPV4 }, 64 };

static void test_port(void **context)
{
	static const struct {
		struct frame frame;
		const char *target;
		int otherwise;
	} cases[] = {
		{ { "to the wire", { STRANGER, FIRST_MAC, IPV4 }, 64 }, "pr0", XDP_PASS },
		{ { "an Ethernet header alone", { STRANGER, FIRST_MAC, 0x88, 0xb5 }, ETH_HLEN },
		  "pr0",
		  XDP_PASS },
		{ { "IPv6", { STRANGER, FIRST_MAC, IPV6_TCP }, 64 }, "pr0", XDP_PASS },
		{ { "tagged", { STRANGER, FIRST_MAC, TAG, IPV4 }, 64 }, "pr0", XDP_PASS },
		{ { "tagged IPv6", { STRANGER, FIRST_MAC, TAG, IPV6_TCP }, 64 }, "pr0", XDP_PASS },
		{ { "echo request", { STRANGER, FIRST_MAC, IPV6_ICMP(128) }, 64 },
		  "pr0",
		  XDP_PASS },
		{ { "to another port", { SECOND_MAC, FIRST_MAC, IPV4 }, 64 }, "pb0", XDP_PASS },
		{ { "tagged, to another port", { SECOND_MAC, FIRST_MAC, TAG, IPV4 }, 64 },
		  "pb0",
		  XDP_PASS },
		{ { "to a port of another pair", { FOREIGN_MAC, FIRST_MAC, IPV4 }, 64 },
		  "pr0",
		  XDP_PASS },
		{ { "to itself", { FIRST_MAC, FIRST_MAC, IPV4 }, 64 }, NULL, XDP_PASS },
		{ { "to the host", { US, FIRST_MAC, IPV4 }, 64 }, NULL, XDP_PASS },
		{ { "broadcast", { ALL, FIRST_MAC, IPV4 }, 64 }, NULL, XDP_PASS },
		{ { "tagged broadcast", { ALL, FIRST_MAC, TAG, IPV4 }, 64 }, NULL, XDP_PASS },
		{ { "link-local", { 1, 0x80, 0xc2, 0, 0, 0xe, FIRST_MAC, 0x88, 0xcc }, 64 },
		  NULL,
		  XDP_PASS },
		{ { "ARP reply", { STRANGER, FIRST_MAC, 8, 6 }, 64 }, NULL, XDP_PASS },
		{ { "tagged ARP reply", { STRANGER, FIRST_MAC, TAG, 8, 6 }, 64 }, NULL, XDP_PASS },
		{ { "neighbour solicitation", { STRANGER, FIRST_MAC, IPV6_ICMP(135) }, 78 },
		  NULL,
		  XDP_PASS },
		{ { "neighbour advertisement", { STRANGER, FIRST_MAC, IPV6_ICMP(136) }, 78 },
		  NULL,
		  XDP_PASS },
		{ { "tagged advertisement", { STRANGER, FIRST_MAC, TAG, IPV6_ICMP(136) }, 82 },
		  NULL,
		  XDP_PASS },
		{ { "another's source", { SECOND_MAC, STRANGER, IPV4 }, 64 }, NULL, XDP_DROP },
		{ { "the pair's source", { STRANGER, US, IPV4 }, 64 }, NULL, XDP_DROP },
		{ { "another port's source", { STRANGER, SECOND_MAC, IPV4 }, 64 }, NULL, XDP_DROP },
		{ { "jumbo", { STRANGER, FIRST_MAC, IPV4 }, 9000 }, NULL, XDP_PASS },
		{ { "jumbo to another port", { SECOND_MAC, FIRST_MAC, IPV4 }, 9000 },
		  NULL,
		  XDP_PASS },
	};

	(void)context;
	for (size_t i = 0; i < COUNT(cases); i++) {
		world_set_pair(PATH_PRIMARY, "pr0", true);
		expect(under_test.programs->progs.port_xdp, "pa0", &cases[i].frame, cases[i].target,
		       cases[i].otherwise);
	}
	assert_int_equal(world_pair().state.switches, 41);
	assert_int_equal(world_events(), 0);
}

static void test_port_counts(void **context)
{
	static const struct frame to_second = { "to another port",
						{ SECOND_MAC, FIRST_MAC, IPV4 },
						80 };
	static const struct frame spoofed = { "spoofed", { STRANGER, SECOND_MAC, IPV4 }, 64 };
	struct vfsteer_port_counters first, second;
	struct vfsteer_counters pair;

	(void)context;
	world_clear_counters();
	world_set_pair(PATH_PRIMARY, "pr0", true);
	run(under_test.programs->progs.port_xdp, "pa0", &ordinary);
	run(under_test.programs->progs.port_xdp, "pa0", &to_second);
	run(under_test.programs->progs.port_xdp, "pa0", &spoofed);
	world_set_pair(PATH_STANDBY, "pr0", true);
	run(under_test.programs->progs.port_xdp, "pa0", &ordinary);
	only_device("none");
	run(under_test.programs->progs.port_xdp, "pa0", &ordinary); /* tc counts it */
	all_devices_but(NULL);
	pair = world_counters();
	first = world_port_counters(FIRST_PORT);
	second = world_port_counters(SECOND_PORT);
	assert_memory_equal(&pair,
			    (&(struct vfsteer_counters){ .tx_primary_packets = 1,
							 .tx_primary_bytes = 64,
							 .tx_standby_packets = 1,
							 .tx_standby_bytes = 64 }),
			    sizeof(pair));
	assert_memory_equal(&first,
			    (&(struct vfsteer_port_counters){ .tx_packets = 3,
							      .tx_bytes = 208,
							      .tx_native_packets = 3,
							      .drop_foreign_source_packets = 1 }),
			    sizeof(first));
	assert_memory_equal(&second,
			    (&(struct vfsteer_port_counters){
				    .rx_packets = 1, .rx_bytes = 80, .rx_native_packets = 1 }),
			    sizeof(second));
}

/* One that sends: active, or standing in. */
static void test_port_path(void **context)
{
	bool sees = under_test.load.liveness == LIVENESS_KFUNC ||
		    under_test.load.liveness == LIVENESS_PROBE;
	static const char *const dead[] = { "down0", "missing" };

	(void)context;
	world_set_pair(PATH_STANDBY, "pr0", true);
	expect(under_test.programs->progs.port_xdp, "pa0", &ordinary, "st0", XDP_PASS);
	world_set_pair(PATH_STANDBY, NULL, true);
	expect(under_test.programs->progs.port_xdp, "pa0", &ordinary, "st0", XDP_PASS);
	if (!sees) {
		/* A standby without carrier is tc's business. */
		world_set_pair(PATH_STANDBY, "pr0", false);
		expect(under_test.programs->progs.port_xdp, "pa0", &ordinary, NULL, XDP_PASS);
		return;
	}
	for (size_t i = 0; i < COUNT(dead); i++) {
		world_clear_counters();
		world_set_pair(PATH_PRIMARY, dead[i], true);
		only_device("st0");
		assert_int_equal(run(under_test.programs->progs.port_xdp, "pa0", &ordinary),
				 XDP_REDIRECT);
		all_devices_but(NULL);
		assert_int_equal(world_events(), 1);
		assert_int_equal(world.last_event.kind, EVENT_SWITCHED);
		assert_int_equal(world.last_event.cause, CAUSE_CANNOT_SEND);
		assert_int_equal(world_pair().state.active, PATH_STANDBY);
		assert_int_equal(world_pair().state.primary, PRIMARY_DOWN);
		assert_int_equal(world_pair().state.switches, 42);
		assert_int_equal(world_counters().tx_primary_refused_packets, 1);
		assert_int_equal(world_counters().tx_standby_packets, 1);
	}
	assert_int_equal(system("ip link set st1 down"), 0);
	world_set_pair(PATH_STANDBY, "pr0", true);
	expect(under_test.programs->progs.port_xdp, "pa0", &ordinary, NULL, XDP_PASS);
	assert_int_equal(system("ip link set st1 up"), 0);
	usleep(200000); /* the link work */
}

/*
 * What is so far back in its chain of the kernel's hash that no program sees it is not dead: what
 * the pair says is believed.
 */
static void test_port_far(void **context)
{
	static const char *const far[] = { "far0", "fardown0" };

	(void)context;
	for (size_t i = 0; i < COUNT(far); i++) {
		all_devices_but(NULL);
		world_add_device(far[i]);
		world_set_pair(PATH_PRIMARY, far[i], true);
		assert_int_equal(run(under_test.programs->progs.port_xdp, "pa0", &ordinary),
				 XDP_REDIRECT);
		assert_int_equal(world_events(), 0);
		assert_int_equal(world_counters().tx_primary_packets, 1);
		world_clear_counters();

		world.standby = far[i];
		for (int carrier = 0; carrier <= 1; carrier++) {
			world_set_pair(PATH_STANDBY, NULL, carrier);
			assert_int_equal(run(under_test.programs->progs.port_xdp, "pa0", &ordinary),
					 carrier ? XDP_REDIRECT : XDP_PASS);
		}
		world.standby = NULL;
		world_clear_counters();
		world_remove_device(far[i]);
	}
}

static void test_uplink(void **context)
{
	static const struct {
		struct frame frame;
		const char *target;
	} cases[] = {
		{ { "to a port", { FIRST_MAC, STRANGER, IPV4 }, 64 }, "pa0" },
		{ { "to the other port", { SECOND_MAC, STRANGER, IPV4 }, 64 }, "pb0" },
		{ { "tagged", { FIRST_MAC, STRANGER, TAG, IPV4 }, 64 }, "pa0" },
		{ { "ARP reply", { FIRST_MAC, STRANGER, 8, 6 }, 60 }, "pa0" },
		{ { "neighbour advertisement", { FIRST_MAC, STRANGER, IPV6_ICMP(136) }, 78 },
		  "pa0" },
		{ { "an Ethernet header alone", { FIRST_MAC, STRANGER, 0x88, 0xb5 }, ETH_HLEN },
		  "pa0" },
		{ { "to the host", { US, STRANGER, IPV4 }, 64 }, NULL },
		{ { "to a stranger", { STRANGER, STRANGER, IPV4 }, 64 }, NULL },
		{ { "to a port of another pair", { FOREIGN_MAC, STRANGER, IPV4 }, 64 }, NULL },
		{ { "broadcast", { ALL, STRANGER, IPV4 }, 64 }, NULL },
		{ { "tagged broadcast", { ALL, STRANGER, TAG, IPV4 }, 64 }, NULL },
		{ { "own echo", { ALL, FIRST_MAC, IPV4 }, 64 }, NULL },
		{ { "link-local", { 1, 0x80, 0xc2, 0, 0, 0xe, STRANGER, 0x88, 0xcc }, 64 }, NULL },
		{ { "jumbo", { FIRST_MAC, STRANGER, IPV4 }, 9000 }, NULL },
	};

	(void)context;
	/* Open on both at all times. */
	for (enum vfsteer_path active = PATH_STANDBY; active <= PATH_PRIMARY; active++) {
		world_set_pair(active, "pr0", true);
		for (size_t i = 0; i < COUNT(cases); i++) {
			world_clear_counters();
			expect(under_test.programs->progs.uplink_xdp, "pr0", &cases[i].frame,
			       cases[i].target, XDP_PASS);
			assert_int_equal(world_counters().rx_primary_packets, !!cases[i].target);
			expect(under_test.programs->progs.uplink_xdp, "st0", &cases[i].frame,
			       cases[i].target, XDP_PASS);
			assert_int_equal(world_counters().rx_standby_packets, !!cases[i].target);
			assert_int_equal(world_counters().rx_primary_packets, !!cases[i].target);
			assert_int_equal(world_port_counters(FIRST_PORT).rx_native_packets +
						 world_port_counters(SECOND_PORT).rx_native_packets,
					 2 * !!cases[i].target);
		}
	}
}

static void only_member(unsigned number)
{
	struct vfsteer_members members = { .count = 1, .ports = { number } };

	assert_int_equal(bpf_map_update_elem(world_map(world.port_maps->maps.port_members),
					     &(unsigned){ SLOT }, &members, BPF_ANY),
			 0);
}

/* The only port of its pair is found without the table of stations. */
static void test_only_port(void **context)
{
	static const struct frame to_second = { "to the only port",
						{ SECOND_MAC, STRANGER, IPV4 },
						64 };
	static const struct frame to_first = { "to none", { FIRST_MAC, STRANGER, IPV4 }, 64 };

	(void)context;
	only_member(SECOND_PORT);
	world_set_pair(PATH_PRIMARY, "pr0", true);
	expect(under_test.programs->progs.uplink_xdp, "pr0", &to_second, "pb0", XDP_PASS);
	assert_int_equal(world_port_counters(SECOND_PORT).rx_packets, 1);
	expect(under_test.programs->progs.uplink_xdp, "pr0", &to_first, NULL, XDP_PASS);
	expect(under_test.programs->progs.port_xdp, "pa0", &ordinary, "pr0", XDP_PASS);
}

/*
 * Too short for an Ethernet header, each length of it: its start becomes metadata, since a run
 * takes no less. Later kernels refuse that as well; there no driver and no helper makes such a
 * frame either.
 */
static void test_runts(void **context)
{
	(void)context;
	for (unsigned length = 0; length < ETH_HLEN; length++) {
		unsigned metadata =
			(ETH_HLEN - length + METADATA_UNIT - 1) / METADATA_UNIT * METADATA_UNIT;
		uint8_t bytes[ETH_HLEN + METADATA_MAX] = { 0 };
		int port = run_from(under_test.programs->progs.port_xdp, "pa0", bytes,
				    length + metadata, metadata);
		int uplink = run_from(under_test.programs->progs.uplink_xdp, "pr0", bytes,
				      length + metadata, metadata);

		if (port == -EINVAL && uplink == -EINVAL)
			return;
		assert_int_equal(port, XDP_PASS);
		assert_int_equal(uplink, XDP_PASS);
	}
}

/* Cut off within what tells whether addresses are to be learned: tc looks further. */
static void test_cut_off(void **context)
{
	static const struct frame whole = { "tagged advertisement",
					    { STRANGER, FIRST_MAC, TAG, IPV6_ICMP(136) },
					    64 };

	(void)context;
	world_set_pair(PATH_PRIMARY, "pr0", true);
	for (unsigned length = ETH_HLEN; length <= sizeof(whole.bytes); length++)
		assert_int_equal(run_from(under_test.programs->progs.port_xdp, "pa0", whole.bytes,
					  length, 0),
				 XDP_PASS);
}

/* Frames of several buffers go where they are taken. */
static void test_fragments(void **context)
{
	static const struct frame to_wire = { "jumbo to the wire",
					      { STRANGER, FIRST_MAC, IPV4 },
					      9000 };
	static const struct frame to_second = { "jumbo to a port",
						{ SECOND_MAC, FIRST_MAC, IPV4 },
						9000 };
	static const struct frame to_first = { "jumbo from the wire",
					       { FIRST_MAC, STRANGER, IPV4 },
					       9000 };
	struct world_load wanted = under_test.load;
	struct vfsteer_port port;
	struct port_bpf *programs;

	(void)context;
	if (wanted.one_buffer)
		return;
	wanted.uplinks_take_fragments = true;
	programs = world_load(&wanted);
	assert_non_null(programs);
	world_set_pair(PATH_PRIMARY, "pr0", true);
	world_clear_counters();
	expect(programs->progs.port_xdp, "pa0", &to_wire, "pr0", XDP_PASS);
	assert_int_equal(world_counters().tx_primary_bytes, 9000);
	expect(programs->progs.port_xdp, "pa0", &to_second, NULL, XDP_PASS);
	for (unsigned number = FIRST_PORT; number <= SECOND_PORT;
	     number += SECOND_PORT - FIRST_PORT) {
		bpf_map_lookup_elem(world_map(world.port_maps->maps.ports), &number, &port);
		port.takes_fragments = 1;
		bpf_map_update_elem(world_map(world.port_maps->maps.ports), &number, &port,
				    BPF_ANY);
	}
	expect(programs->progs.port_xdp, "pa0", &to_second, "pb0", XDP_PASS);
	expect(programs->progs.uplink_xdp, "pr0", &to_first, "pa0", XDP_PASS);
	assert_int_equal(world_port_counters(FIRST_PORT).rx_bytes, 9000);
	port_bpf__destroy(programs);
}

/* It owns the pair's MAC and takes all that comes; it sends with any. */
static void test_passthrough(void **context)
{
	static const struct frame to_pair = { "to the pair", { US, STRANGER, IPV4 }, 64 };
	static const struct frame to_stranger = { "to a stranger",
						  { STRANGER, STRANGER, IPV4 },
						  64 };
	static const struct frame to_first = { "to a port", { FIRST_MAC, STRANGER, IPV4 }, 64 };
	static const struct frame broadcast = { "broadcast", { ALL, STRANGER, IPV4 }, 64 };
	static const struct frame as_pair = { "from the pair's MAC", { STRANGER, US, IPV4 }, 64 };
	static const struct frame first_to_pair = { "from a port to the pair",
						    { US, FIRST_MAC, IPV4 },
						    64 };
	struct world_load wanted = under_test.load;
	struct port_bpf *programs, *first;

	(void)context;
	world_add_port(PASSTHROUGH_PORT, SLOT, "pt0", NULL);
	wanted.passthrough = true;
	first = world_load(&wanted);
	wanted.port_number = PASSTHROUGH_PORT;
	programs = world_load(&wanted);
	assert_non_null(programs);
	assert_non_null(first);
	world_set_pair(PATH_PRIMARY, "pr0", true);
	expect(programs->progs.uplink_xdp, "pr0", &to_pair, "pt0", XDP_PASS);
	expect(programs->progs.uplink_xdp, "st0", &to_stranger, "pt0", XDP_PASS);
	expect(programs->progs.uplink_xdp, "pr0", &to_first, "pa0", XDP_PASS);
	expect(programs->progs.uplink_xdp, "pr0", &broadcast, NULL, XDP_PASS);
	expect(programs->progs.port_xdp, "pt0", &as_pair, "pr0", XDP_PASS);
	expect(programs->progs.port_xdp, "pt0", &to_stranger, "pr0", XDP_PASS);
	expect(programs->progs.port_xdp, "pt0", &to_first, "pa0", XDP_PASS);
	expect(first->progs.port_xdp, "pa0", &first_to_pair, NULL, XDP_PASS);
	only_member(PASSTHROUGH_PORT);
	expect(programs->progs.uplink_xdp, "pr0", &to_pair, "pt0", XDP_PASS);
	expect(programs->progs.uplink_xdp, "st0", &to_stranger, "pt0", XDP_PASS);
	port_bpf__destroy(programs);
	port_bpf__destroy(first);
}

static int teardown(void **context)
{
	(void)context;
	port_bpf__destroy(under_test.programs);
	under_test.programs = NULL;
	world_close();
	return 0;
}

static int setup(void **context)
{
	(void)context;
	if (world_open())
		return -1;
	all_devices_but(NULL);
	under_test.programs = world_load(&under_test.load);
	return under_test.programs ? 0 : -1;
}

/* A variant that this kernel does not have is no failure, as long as another does. */
static bool can_load(void)
{
	bool loaded;

	libbpf_set_print(NULL);
	loaded = !setup(NULL);
	teardown(NULL);
	libbpf_set_print(world_quiet);
	return loaded;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_port, setup, teardown),
		cmocka_unit_test_setup_teardown(test_port_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_port_path, setup, teardown),
		cmocka_unit_test_setup_teardown(test_port_far, setup, teardown),
		cmocka_unit_test_setup_teardown(test_uplink, setup, teardown),
		cmocka_unit_test_setup_teardown(test_only_port, setup, teardown),
		cmocka_unit_test_setup_teardown(test_runts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cut_off, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fragments, setup, teardown),
		cmocka_unit_test_setup_teardown(test_passthrough, setup, teardown),
	};
	static const struct {
		const char *name;
		struct world_load load;
	} methods[] = {
		{ "word", { port_bpf__elf_bytes, LIVENESS_WORD, FIRST_PORT } },
		{ "kfunc", { port_bpf__elf_bytes, LIVENESS_KFUNC, FIRST_PORT } },
		{ "probe, without kfuncs",
		  { port_without_kfuncs_bpf__elf_bytes, LIVENESS_PROBE, FIRST_PORT } },
		{ "probe, without compare-and-swap",
		  { port_without_cas_bpf__elf_bytes, LIVENESS_PROBE, FIRST_PORT } },
		{ "netlink, without BTF",
		  { port_without_btf_bpf__elf_bytes, LIVENESS_NETLINK, FIRST_PORT,
		    .one_buffer = true } },
	};
	int failures = 0, error = world_enter();

	if (error)
		return error;
	usleep(200000); /* the link work of the veths */
	for (size_t i = 0; i < COUNT(methods); i++) {
		under_test.load = methods[i].load;
		/* Linux before 5.18 knows frames of one buffer alone. */
		if (!can_load())
			under_test.load.one_buffer = true;
		if (!can_load())
			printf("ok 0 - %s # SKIP this kernel does not load it\n", methods[i].name);
		else
			failures += cmocka_run_group_tests_name(methods[i].name, tests, NULL, NULL);
	}
	return failures != 0;
}
