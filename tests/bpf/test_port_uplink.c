/* SPDX-License-Identifier: GPL-2.0-only */
/* What an uplink receives goes to a port: by its MAC, to the only one, to a passthrough port. */
#include "port_run.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_uplink, setup, teardown),
		cmocka_unit_test_setup_teardown(test_only_port, setup, teardown),
		cmocka_unit_test_setup_teardown(test_passthrough, setup, teardown),
	};

	return run_ports(tests, COUNT(tests));
}
