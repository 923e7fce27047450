/* SPDX-License-Identifier: GPL-2.0-only */
/* What comes from a port: to which device it is redirected, by which path, and what is counted. */
#include "port_run.h"

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
 * What is so far back in its chain of the kernel's hash that no program sees it is not gone: what
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_port, setup, teardown),
		cmocka_unit_test_setup_teardown(test_port_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_port_path, setup, teardown),
		cmocka_unit_test_setup_teardown(test_port_far, setup, teardown),
	};

	return run_ports(tests, COUNT(tests));
}
