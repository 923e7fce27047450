/* SPDX-License-Identifier: GPL-2.0-only */
/* Frames that are too short, cut off, or in several buffers. */
#include "port_run.h"

/* What is before a frame is a multiple of the unit, and no more than that. */
#define METADATA_UNIT 4
#define METADATA_MAX 32

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

/* Cut off within what shows whether addresses are to be learned: tc looks further. */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_runts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cut_off, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fragments, setup, teardown),
	};

	return run_ports(tests, COUNT(tests));
}
