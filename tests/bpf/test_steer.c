/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The data path's programs, run frame by frame (BPF_PROG_TEST_RUN) against a pair whose devices are
 * real veths in a private network namespace, with each way to find out whether the primary can
 * send.
 */
#include "steer_stage.h"

#include <sys/stat.h>

#define TO_STANDBY TAKEN, COUNTER(tx_standby_packets), false

static void test_egress(void **context)
{
	static const struct expectation cases[] = {
		{ UNICAST_V4, { PATH_PRIMARY }, TO_PRIMARY },
		{ UNICAST_V6, { PATH_PRIMARY }, TO_PRIMARY },
		{ ARP_REQUEST, { PATH_PRIMARY }, TO_PRIMARY },
		{ OWN_BROADCAST, { PATH_PRIMARY }, TO_PRIMARY },
		{ OWN_MULTICAST, { PATH_PRIMARY }, TO_PRIMARY },
		{ VLAN_UNICAST, { PATH_PRIMARY }, TO_PRIMARY },
		{ VLAN_BROADCAST, { PATH_PRIMARY }, TO_PRIMARY },
		{ FOREIGN_UNICAST, { PATH_PRIMARY }, TO_PRIMARY },
		{ RUNT, { PATH_PRIMARY }, TO_PRIMARY },
		{ LINK_LOCAL_HIGH, { PATH_PRIMARY }, TO_PRIMARY },
		{ LINK_LOCAL, { PATH_PRIMARY }, TO_STANDBY },
		{ OWN_LINK_LOCAL, { PATH_PRIMARY }, TO_STANDBY },
		{ UNICAST_V4, { PATH_STANDBY }, TO_STANDBY },
		{ OWN_MULTICAST, { PATH_STANDBY }, TO_STANDBY },
		{ VLAN_BROADCAST, { PATH_STANDBY }, TO_STANDBY },
		{ RUNT, { PATH_STANDBY }, TO_STANDBY },
		{ LINK_LOCAL, { PATH_STANDBY }, TO_STANDBY },
		{ UNICAST_V4, { PATH_STANDBY, .absent = true }, TO_STANDBY },
		{ UNICAST_V4, { PATH_STANDBY, PRIMARY_DOWN, "down0" }, TO_STANDBY },
		{ UNICAST_V4, { PATH_STANDBY, PRIMARY_LEAVING }, TO_STANDBY },
		{ UNICAST_V4, { PATH_PRIMARY, .bridge_port = true }, TO_PRIMARY },
	};

	(void)context;
	expect(world.steer->progs.steer_egress, "st0", cases, COUNT(cases));
}

#define TAKE_STANDBY TAKEN, COUNTER(rx_standby_packets), false

static void test_standby_ingress(void **context)
{
	static const struct expectation cases[] = {
		{ UNICAST_V4, { PATH_PRIMARY }, TAKE_STANDBY },
		{ UNICAST_V4, { PATH_STANDBY }, TAKE_STANDBY },
		{ UNICAST_V6, { PATH_PRIMARY }, TAKE_STANDBY },
		{ VLAN_UNICAST, { PATH_PRIMARY }, TAKE_STANDBY },
		{ OWN_UNICAST, { PATH_PRIMARY }, TAKE_STANDBY },
		{ RUNT, { PATH_PRIMARY }, TAKE_STANDBY },
		{ ARP_REQUEST, { PATH_STANDBY }, TAKE_STANDBY },
		{ BROADCAST, { PATH_STANDBY }, TAKE_STANDBY },
		{ MULTICAST_V4, { PATH_STANDBY }, TAKE_STANDBY },
		{ MULTICAST_V6, { PATH_STANDBY }, TAKE_STANDBY },
		{ VLAN_BROADCAST, { PATH_STANDBY }, TAKE_STANDBY },
		{ ARP_REQUEST, { PATH_PRIMARY }, TAKE_STANDBY },
		{ BROADCAST, { PATH_PRIMARY }, TAKE_STANDBY },
		{ MULTICAST_V4, { PATH_PRIMARY }, TAKE_STANDBY },
		{ MULTICAST_V6, { PATH_PRIMARY }, TAKE_STANDBY },
		{ VLAN_BROADCAST, { PATH_PRIMARY }, TAKE_STANDBY },
		{ LINK_LOCAL_HIGH, { PATH_PRIMARY }, TAKE_STANDBY },
		{ OWN_BROADCAST, { PATH_PRIMARY }, DROP_ECHO },
		{ OWN_BROADCAST, { PATH_STANDBY }, DROP_ECHO },
		{ OWN_MULTICAST, { PATH_STANDBY }, DROP_ECHO },
		{ LINK_LOCAL, { PATH_PRIMARY }, TAKE_STANDBY },
		{ LINK_LOCAL, { PATH_STANDBY }, TAKE_STANDBY },
		{ FOREIGN_UNICAST, { PATH_STANDBY }, TAKE_STANDBY },
		{ FOREIGN_UNICAST, { PATH_PRIMARY }, TAKE_STANDBY },
		{ FOREIGN_UNICAST, { PATH_STANDBY, .bridge_port = true }, TAKE_STANDBY },
		{ FOREIGN_UNICAST, { PATH_PRIMARY, .bridge_port = true }, DROP_FOREIGN },
		{ UNICAST_V4, { PATH_PRIMARY, .bridge_port = true }, TAKE_STANDBY },
		/* A bridge listens to one wire. */
		{ BROADCAST, { PATH_STANDBY, .bridge_port = true }, TAKE_STANDBY },
		{ BROADCAST, { PATH_PRIMARY, .bridge_port = true }, DROP_STANDBY },
		{ MULTICAST_V6, { PATH_PRIMARY, .bridge_port = true }, DROP_STANDBY },
		/*
		 * A stale word stops no reception: when the primary cannot send, the standby is
		 * received from.
		 */
		{ BROADCAST, { PATH_PRIMARY, .device = "down0" }, TAKE_STANDBY },
		{ BROADCAST,
		  { PATH_PRIMARY, .device = "down0", .bridge_port = true },
		  TAKEN,
		  COUNTER(rx_standby_packets),
		  true },
		{ BROADCAST,
		  { PATH_PRIMARY, .device = "nocarrier0", .bridge_port = true },
		  TAKEN,
		  COUNTER(rx_standby_packets),
		  true },
		{ BROADCAST,
		  { PATH_PRIMARY, .device = "missing" },
		  TAKEN,
		  COUNTER(rx_standby_packets),
		  true },
		{ BROADCAST, { PATH_PRIMARY, .absent = true }, TAKE_STANDBY },
	};

	(void)context;
	expect(world.steer->progs.standby_ingress, "st0", cases, COUNT(cases));
}

#define TAKE_PRIMARY TC_ACT_REDIRECT, COUNTER(rx_primary_packets), false

static void test_primary_ingress(void **context)
{
	static const struct expectation cases[] = {
		{ UNICAST_V4, { PATH_PRIMARY }, TAKE_PRIMARY },
		{ UNICAST_V4, { PATH_STANDBY }, TAKE_PRIMARY },
		{ UNICAST_V6, { PATH_STANDBY }, TAKE_PRIMARY },
		{ UNICAST_V4, { PATH_STANDBY, PRIMARY_JOINING }, TAKE_PRIMARY },
		{ UNICAST_V4, { PATH_STANDBY, PRIMARY_LEAVING }, TAKE_PRIMARY },
		{ VLAN_UNICAST, { PATH_STANDBY }, TAKE_PRIMARY },
		{ RUNT, { PATH_PRIMARY }, TAKE_PRIMARY },
		{ ARP_REQUEST, { PATH_PRIMARY }, TAKE_PRIMARY },
		{ BROADCAST, { PATH_PRIMARY }, TAKE_PRIMARY },
		{ MULTICAST_V4, { PATH_PRIMARY }, TAKE_PRIMARY },
		{ MULTICAST_V6, { PATH_PRIMARY }, TAKE_PRIMARY },
		{ VLAN_BROADCAST, { PATH_PRIMARY }, TAKE_PRIMARY },
		{ ARP_REQUEST, { PATH_STANDBY }, TAKE_PRIMARY },
		{ BROADCAST, { PATH_STANDBY }, TAKE_PRIMARY },
		{ MULTICAST_V4, { PATH_STANDBY }, TAKE_PRIMARY },
		{ MULTICAST_V6, { PATH_STANDBY }, TAKE_PRIMARY },
		{ VLAN_BROADCAST, { PATH_STANDBY }, TAKE_PRIMARY },
		{ OWN_BROADCAST, { PATH_PRIMARY }, DROP_ECHO },
		{ OWN_MULTICAST, { PATH_STANDBY }, DROP_ECHO },
		{ LINK_LOCAL, { PATH_PRIMARY }, LEAVE_PRIMARY },
		{ LINK_LOCAL, { PATH_STANDBY }, LEAVE_PRIMARY },
		{ LINK_LOCAL_HIGH, { PATH_PRIMARY }, TAKE_PRIMARY },
		{ FOREIGN_UNICAST, { PATH_STANDBY }, TAKE_PRIMARY },
		{ FOREIGN_UNICAST, { PATH_PRIMARY, .bridge_port = true }, TAKE_PRIMARY },
		{ FOREIGN_UNICAST, { PATH_STANDBY, .bridge_port = true }, DROP_FOREIGN },
		/*
		 * A standby without carrier does not keep a group frame from the guest: the
		 * primary's is taken.
		 */
		{ BROADCAST, { PATH_STANDBY, .standby_dead = true }, TAKE_PRIMARY },
		{ BROADCAST,
		  { PATH_STANDBY, PRIMARY_LEAVING, .standby_dead = true },
		  TAKE_PRIMARY },
		{ BROADCAST,
		  { PATH_STANDBY, PRIMARY_JOINING, .standby_dead = true },
		  TAKE_PRIMARY },
		{ BROADCAST,
		  { PATH_STANDBY, PRIMARY_JOINING, .bridge_port = true, .standby_dead = true },
		  DROP_PRIMARY },
		{ BROADCAST,
		  { PATH_STANDBY, .bridge_port = true, .standby_dead = true },
		  TAKE_PRIMARY },
		{ BROADCAST, { PATH_STANDBY, .bridge_port = true }, DROP_PRIMARY },
		{ MULTICAST_V4, { PATH_PRIMARY, .bridge_port = true }, TAKE_PRIMARY },
	};

	(void)context;
	expect(world.steer->progs.primary_ingress, "pr0", cases, COUNT(cases));
}

/*
 * The check of each packet: a primary that cannot send is left, once, with an event, and the packet
 * goes on.
 */
static void test_primary_that_cannot_send(void **context)
{
	static const char *const dead[] = { "down0", "nocarrier0", "missing" };

	(void)context;
	if (!sees_devices())
		return;
	for (size_t i = 0; i < COUNT(dead); i++) {
		struct vfsteer_counters counts;
		struct vfsteer_pair pair;

		set(&(struct setting){ PATH_PRIMARY, .device = dead[i] });
		assert_int_equal(run(world.steer->progs.steer_egress, UNICAST_V4, "st0"), TAKEN);
		assert_int_equal(events_take(), 1);
		assert_int_equal(world.last_event.kind, EVENT_SWITCHED);
		assert_int_equal(world.last_event.slot, SLOT);
		assert_int_equal(world.last_event.cause, CAUSE_CANNOT_SEND);
		pair = pair_get(SLOT);
		assert_int_equal(pair.state.active, PATH_STANDBY);
		assert_int_equal(pair.state.primary, PRIMARY_DOWN);
		assert_int_equal(pair.state.cause, CAUSE_CANNOT_SEND);
		assert_int_equal(pair.state.switches, 42);
		assert_int_equal(pair.state.admin, ADMIN_AUTO);
		assert_true(pair.last_switch_boot_ns);
		assert_true(pair.last_switch_boot_ns <= world.last_event.boot_ns);
		assert_int_equal(run(world.steer->progs.steer_egress, UNICAST_V4, "st0"), TAKEN);
		assert_int_equal(events_take(), 0);
		counts = counters_get(SLOT);
		assert_int_equal(counts.tx_primary_refused_packets, 1);
		assert_int_equal(counts.tx_standby_packets, 2);
		assert_int_equal(counts.tx_primary_packets, 0);
		assert_int_equal(counts.tx_lost_packets, 0);
		assert_int_equal(pair_get(SLOT).state.switches, 42);
		assert_int_equal(pair_get(OTHER_SLOT).state.active, PATH_PRIMARY);
	}
}

/* Without a primary in the slot nothing is redirected, whatever the word and the method. */
static void test_no_primary(void **context)
{
	(void)context;
	set(&(struct setting){ PATH_PRIMARY, .absent = true });
	assert_int_equal(run(world.steer->progs.steer_egress, UNICAST_V4, "st0"), TAKEN);
	assert_int_equal(pair_get(SLOT).state.active, PATH_STANDBY);
}

/* One that is leaving stays so when it also cannot send. */
static void test_leaving_stays(void **context)
{
	(void)context;
	if (!sees_devices())
		return;
	set(&(struct setting){ PATH_PRIMARY, PRIMARY_LEAVING, "down0" });
	assert_int_equal(run(world.steer->progs.steer_egress, UNICAST_V4, "st0"), TAKEN);
	assert_int_equal(pair_get(SLOT).state.active, PATH_STANDBY);
	assert_int_equal(pair_get(SLOT).state.primary, PRIMARY_LEAVING);
}

static void carrier(const char *peer, bool on)
{
	char command[64];

	snprintf(command, sizeof(command), "ip link set %s %s", peer, on ? "up" : "down");
	assert_int_equal(system(command), 0);
}

/* An active standby without carrier: what the primary can carry goes over it, without a switch. */
static void test_rescue(void **context)
{
	static const struct {
		struct setting setting;
		bool rescued, needs_eyes;
	} cases[] = {
		{ { PATH_STANDBY, .standby_dead = true }, true, false },
		{ { PATH_STANDBY, PRIMARY_LEAVING, .standby_dead = true }, true, false },
		{ { PATH_STANDBY, PRIMARY_JOINING, .standby_dead = true }, false, false },
		{ { PATH_STANDBY, PRIMARY_DOWN, .standby_dead = true }, false, false },
		{ { PATH_STANDBY, .absent = true, .standby_dead = true }, false, false },
		{ { PATH_STANDBY, .device = "down0", .standby_dead = true }, false, true },
		{ { PATH_STANDBY, .device = "nocarrier0", .standby_dead = true }, false, true },
		{ { PATH_STANDBY, .device = "missing", .standby_dead = true }, false, true },
	};

	(void)context;
	carrier("st1", false);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct vfsteer_counters counts;

		if (cases[i].needs_eyes && !sees_devices())
			continue;
		set(&cases[i].setting);
		assert_int_equal(run(world.steer->progs.steer_egress, UNICAST_V4, "st0"),
				 cases[i].rescued ? TC_ACT_REDIRECT : TAKEN);
		counts = counters_get(SLOT);
		assert_int_equal(counts.tx_primary_rescued_packets, cases[i].rescued);
		assert_int_equal(counts.tx_primary_packets, cases[i].rescued);
		assert_int_equal(counts.tx_standby_packets, !cases[i].rescued);
		assert_int_equal(counts.tx_lost_packets, !cases[i].rescued);
		assert_int_equal(pair_get(SLOT).state.switches, 41);
		assert_int_equal(pair_get(SLOT).state.active, PATH_STANDBY);
	}
	/* The active primary cannot send, and there is no standby to go to. */
	if (sees_devices()) {
		set(&(struct setting){ PATH_PRIMARY, .device = "nocarrier0",
				       .standby_dead = true });
		assert_int_equal(run(world.steer->progs.steer_egress, UNICAST_V4, "st0"), TAKEN);
		assert_int_equal(counters_get(SLOT).tx_lost_packets, 1);
		assert_int_equal(counters_get(SLOT).tx_primary_refused_packets, 1);
		events_take();
	}
	carrier("st1", true);
}

/* A GSO frame is as many packets as it will be on the wire. */
static void test_segments(void **context)
{
	(void)context;
	set(&(struct setting){ PATH_PRIMARY });
	assert_int_equal(run_sized(world.steer->progs.steer_egress, UNICAST_V4, "st0", 7),
			 TC_ACT_REDIRECT);
	assert_int_equal(counters_get(SLOT).tx_primary_packets, 7);
	assert_int_equal(counters_get(SLOT).tx_primary_bytes, 64);
	assert_int_equal(run_sized(world.steer->progs.primary_ingress, UNICAST_V4, "pr0", 5),
			 TC_ACT_REDIRECT);
	assert_int_equal(counters_get(SLOT).rx_primary_packets, 5);
	assert_int_equal(run_sized(world.steer->progs.standby_ingress, UNICAST_V4, "st0", 3),
			 TAKEN);
	assert_int_equal(counters_get(SLOT).rx_standby_packets, 3);
}

/*
 * Others stand before the primary in its chain of the kernel's hash. A chain that was looked
 * through to its end shows that a device is gone. One that is longer than a look shows nothing: the
 * pair's word is believed.
 */
static void test_long_chain(void **context)
{
	static const struct {
		const char *primary;
		bool sent; /* where devices are seen */
	} cases[] = {
		{ "near0", true }, { "neardown0", false }, { "nearmissing", false },
		{ "far0", true },  { "fardown0", true },
	};

	(void)context;
	for (size_t i = 0; i < COUNT(cases); i++) {
		bool sent = cases[i].sent || !sees_devices();

		set(&(struct setting){ PATH_PRIMARY, .device = cases[i].primary });
		assert_int_equal(run(world.steer->progs.steer_egress, UNICAST_V4, "st0"),
				 sent ? TC_ACT_REDIRECT : TAKEN);
		assert_int_equal(events_take(), !sent);
		assert_int_equal(counters_get(SLOT).tx_primary_packets, sent);
		assert_int_equal(counters_get(SLOT).tx_primary_refused_packets, !sent);
		/* Which wire a bridge listens to is decided as which wire is sent to. */
		set(&(struct setting){ PATH_PRIMARY, .device = cases[i].primary,
				       .bridge_port = true });
		assert_int_equal(run(world.steer->progs.standby_ingress, BROADCAST, "st0"),
				 sent ? TC_ACT_SHOT : TAKEN);
	}
}

/* A primary in another namespace: its stack takes what arrives, and no device here. */
static void test_primary_away(void **context)
{
	struct vfsteer_pair pair;
	struct steer_bpf *steer;
	struct stat here;

	(void)context;
	world.home_by = sees_devices() ? world.liveness : LIVENESS_NETLINK;
	assert_int_equal(load(&steer), 0);
	world.home_by = LIVENESS_WORD;
	assert_int_equal(stat("/proc/self/ns/net", &here), 0);
	set(&(struct setting){ PATH_PRIMARY });
	pair = pair_get(SLOT);
	for (int is_away = 0; is_away < 2; is_away++) {
		pair.network_namespace = (__u32)here.st_ino + is_away;
		if (is_away && !sees_devices())
			pair.primary_ifindex = MISSING_IFINDEX;
		for (pair.state.primary = PRIMARY_ABSENT; pair.state.primary <= PRIMARY_DOWN;
		     pair.state.primary++) {
			pair_put(SLOT, &pair);
			assert_int_equal(run(steer->progs.primary_ingress, UNICAST_V4, "pr0"),
					 is_away ? TAKEN : TC_ACT_REDIRECT);
			/* The word says READY only of one that has not been closed. */
			assert_int_equal(
				run(steer->progs.primary_ingress_watched, UNICAST_V4, "pr0"),
				is_away && pair.state.primary != PRIMARY_READY ? TAKEN
									       : TC_ACT_REDIRECT);
		}
	}
	steer_bpf__destroy(steer);
}

/* The word that BPF changes is the word that user space sees through its mapping. */
static void test_mapping(void **context)
{
	struct vfsteer_pair *pairs = mmap(NULL, 2 * sizeof(*pairs), PROT_READ, MAP_SHARED,
					  bpf_map__fd(world.maps->maps.pairs), 0);

	(void)context;
	assert_ptr_not_equal(pairs, MAP_FAILED);
	set(&(struct setting){ PATH_PRIMARY, .absent = true });
	assert_int_equal(pairs[SLOT].state.active, PATH_PRIMARY);
	run(world.steer->progs.steer_egress, UNICAST_V4, "st0");
	assert_int_equal(pairs[SLOT].state.active, PATH_STANDBY);
	assert_int_equal(pairs[SLOT].state.switches, 42);
	assert_int_equal(pairs[OTHER_SLOT].state.active, PATH_PRIMARY);
	munmap(pairs, 2 * sizeof(*pairs));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_egress),
		cmocka_unit_test(test_standby_ingress),
		cmocka_unit_test(test_primary_ingress),
		cmocka_unit_test(test_primary_that_cannot_send),
		cmocka_unit_test(test_no_primary),
		cmocka_unit_test(test_leaving_stays),
		cmocka_unit_test(test_rescue),
		cmocka_unit_test(test_segments),
		cmocka_unit_test(test_mapping),
		cmocka_unit_test(test_long_chain),
		cmocka_unit_test(test_primary_away),
	};

	return run_methods(tests, COUNT(tests));
}
