/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The programs of a net_failover pair, frame by frame: ow0 stands for the kernel's master, which
 * owns the addresses. What the primary brings is seen there, and left where it is; what the standby
 * brings goes there.
 */
#include "steer_stage.h"

#include <sys/stat.h>

#define TO_STANDBY TC_ACT_REDIRECT, COUNTER(tx_standby_packets), false
#define TAKE_PRIMARY TAKEN, COUNTER(rx_primary_packets), false
/* Unicast that is not compared. */
#define LEAVE_ALONE TAKEN, COUNTS_NOTHING, false
#define TAKE_STANDBY TC_ACT_REDIRECT, COUNTER(rx_standby_packets), false
#define LEAVE_STANDBY TAKEN, COUNTER(rx_standby_packets), false

/*
 * "Pass" would let the kernel choose the primary: what goes over the standby is redirected there.
 */
static void test_egress(void **context)
{
	static const struct expectation cases[] = {
		{ UNICAST_V4, { PATH_PRIMARY }, TO_PRIMARY },
		{ OWN_MULTICAST, { PATH_PRIMARY }, TO_PRIMARY },
		{ VLAN_BROADCAST, { PATH_PRIMARY }, TO_PRIMARY },
		{ LINK_LOCAL, { PATH_PRIMARY }, TO_STANDBY },
		{ UNICAST_V4, { PATH_STANDBY }, TO_STANDBY },
		{ OWN_MULTICAST, { PATH_STANDBY }, TO_STANDBY },
		{ RUNT, { PATH_STANDBY }, TO_STANDBY },
		{ UNICAST_V4, { PATH_STANDBY, .absent = true }, TO_STANDBY },
		{ UNICAST_V4, { PATH_STANDBY, PRIMARY_DOWN, "down0" }, TO_STANDBY },
		{ UNICAST_V4, { PATH_STANDBY, PRIMARY_LEAVING }, TO_STANDBY },
		{ UNICAST_V4, { PATH_PRIMARY, .bridge_port = true }, TO_PRIMARY },
	};

	(void)context;
	expect(world.steer->progs.steer_egress, "ow0", cases, COUNT(cases));
}

static void test_primary_that_cannot_send(void **context)
{
	static const char *const dead[] = { "down0", "nocarrier0", "missing" };

	(void)context;
	if (!sees_devices())
		return;
	for (size_t i = 0; i < COUNT(dead); i++) {
		set(&(struct setting){ PATH_PRIMARY, .device = dead[i] });
		assert_int_equal(run(world.steer->progs.steer_egress, UNICAST_V4, "ow0"),
				 TC_ACT_REDIRECT);
		assert_int_equal(events_take(), 1);
		assert_int_equal(pair_get(SLOT).state.active, PATH_STANDBY);
		assert_int_equal(counters_get(SLOT).tx_primary_refused_packets, 1);
		assert_int_equal(counters_get(SLOT).tx_standby_packets, 1);
	}
}

/* An active standby without carrier, which the owner's carrier does not show. */
static void test_rescue(void **context)
{
	struct vfsteer_counters counts;

	(void)context;
	for (int is_dead = 0; is_dead < 2; is_dead++) {
		assert_int_equal(system(is_dead ? "ip link set st1 down" : "ip link set st1 up"),
				 0);
		usleep(100000);
		set(&(struct setting){ PATH_STANDBY, .standby_dead = is_dead });
		assert_int_equal(run(world.steer->progs.steer_egress, UNICAST_V4, "ow0"),
				 TC_ACT_REDIRECT);
		counts = counters_get(SLOT);
		assert_int_equal(counts.tx_primary_rescued_packets, is_dead);
		assert_int_equal(counts.tx_primary_packets, is_dead);
		assert_int_equal(counts.tx_standby_packets, !is_dead);
		assert_int_equal(pair_get(SLOT).state.switches, 41);
	}
	assert_int_equal(system("ip link set st1 up"), 0);
	usleep(100000);
}

static void test_owner_ingress(void **context)
{
	static const struct expectation cases[] = {
		{ UNICAST_V4, { PATH_PRIMARY }, LEAVE_ALONE },
		{ UNICAST_V4, { PATH_STANDBY }, LEAVE_ALONE },
		{ UNICAST_V4, { PATH_STANDBY, PRIMARY_JOINING }, LEAVE_ALONE },
		{ UNICAST_V4, { PATH_STANDBY, PRIMARY_LEAVING }, LEAVE_ALONE },
		/* One that the agent does not know, or not yet. */
		{ UNICAST_V4, { PATH_STANDBY, .absent = true }, LEAVE_ALONE },
		{ BROADCAST, { PATH_STANDBY, .absent = true }, TAKE_PRIMARY },
		{ OWN_BROADCAST, { PATH_STANDBY, .absent = true }, DROP_ECHO },
		{ VLAN_UNICAST, { PATH_STANDBY }, LEAVE_ALONE },
		{ RUNT, { PATH_PRIMARY }, LEAVE_ALONE },
		{ ARP_REQUEST, { PATH_PRIMARY }, TAKE_PRIMARY },
		{ MULTICAST_V6, { PATH_STANDBY }, TAKE_PRIMARY },
		{ OWN_BROADCAST, { PATH_PRIMARY }, DROP_ECHO },
		{ OWN_MULTICAST, { PATH_STANDBY }, DROP_ECHO },
		{ LINK_LOCAL, { PATH_PRIMARY }, LEAVE_PRIMARY },
		{ LINK_LOCAL_HIGH, { PATH_PRIMARY }, TAKE_PRIMARY },
		{ FOREIGN_UNICAST, { PATH_STANDBY }, TAKE_PRIMARY },
		{ FOREIGN_UNICAST, { PATH_PRIMARY, .bridge_port = true }, TAKE_PRIMARY },
		{ FOREIGN_UNICAST, { PATH_STANDBY, .bridge_port = true }, DROP_FOREIGN },
		{ BROADCAST, { PATH_STANDBY, .bridge_port = true }, DROP_PRIMARY },
	};

	(void)context;
	expect(world.steer->progs.owner_ingress, "ow0", cases, COUNT(cases));
}

static void test_standby_redirect(void **context)
{
	static const struct expectation cases[] = {
		{ UNICAST_V4, { PATH_PRIMARY }, TAKE_STANDBY },
		{ UNICAST_V4, { PATH_STANDBY }, TAKE_STANDBY },
		{ UNICAST_V4, { PATH_STANDBY, .absent = true }, TAKE_STANDBY },
		{ UNICAST_V6, { PATH_PRIMARY }, TAKE_STANDBY },
		{ VLAN_UNICAST, { PATH_PRIMARY }, TAKE_STANDBY },
		{ RUNT, { PATH_PRIMARY }, TAKE_STANDBY },
		{ ARP_REQUEST, { PATH_PRIMARY }, TAKE_STANDBY },
		{ BROADCAST, { PATH_STANDBY }, TAKE_STANDBY },
		{ MULTICAST_V6, { PATH_PRIMARY }, TAKE_STANDBY },
		{ OWN_BROADCAST, { PATH_PRIMARY }, DROP_ECHO },
		{ OWN_MULTICAST, { PATH_STANDBY }, DROP_ECHO },
		/* About one wire: as the kernel does with it. */
		{ LINK_LOCAL, { PATH_PRIMARY }, LEAVE_STANDBY },
		{ FOREIGN_UNICAST, { PATH_STANDBY }, TAKE_STANDBY },
		{ FOREIGN_UNICAST, { PATH_PRIMARY, .bridge_port = true }, DROP_FOREIGN },
		{ BROADCAST, { PATH_PRIMARY, .bridge_port = true }, DROP_STANDBY },
	};

	(void)context;
	expect(world.steer->progs.standby_redirect, "st0", cases, COUNT(cases));
}

/* A standby in another namespace, where the owner's ifindex is another device's, or no device's. */
static void test_standby_away(void **context)
{
	struct vfsteer_pair pair;
	struct steer_bpf *steer;
	struct stat here;

	(void)context;
	world.home_by = sees_devices() ? world.liveness : LIVENESS_NETLINK;
	assert_int_equal(load(&steer), 0);
	world.home_by = LIVENESS_WORD;
	assert_int_equal(stat("/proc/self/ns/net", &here), 0);
	set(&(struct setting){ PATH_STANDBY, .absent = true });
	pair = pair_get(SLOT);
	for (int is_away = 0; is_away < 2; is_away++) {
		pair.network_namespace = (__u32)here.st_ino + is_away;
		if (is_away && !sees_devices())
			pair.standby_ifindex = MISSING_IFINDEX;
		pair_put(SLOT, &pair);
		assert_int_equal(run(steer->progs.standby_redirect, UNICAST_V4, "st0"),
				 is_away ? TAKEN : TC_ACT_REDIRECT);
	}
	steer_bpf__destroy(steer);
}

/*
 * What one wire has brought the other does not deliver again: also of a primary that no slot names.
 */
static void test_twins(void **context)
{
	static const enum frame_kind kinds[] = { BROADCAST, MULTICAST_V6, UNICAST_V4 };

	(void)context;
	for (int is_known = 0; is_known < 2; is_known++)
		for (size_t i = 0; i < COUNT(kinds); i++) {
			struct vfsteer_pair pair;

			set(&(struct setting){ PATH_STANDBY, .absent = !is_known });
			pair = pair_get(SLOT);
			pair.rx_compares_primary = 1;
			pair_put(SLOT, &pair);
			assert_int_equal(run(world.steer->progs.owner_ingress, kinds[i], "ow0"),
					 TAKEN);
			assert_int_equal(run(world.steer->progs.standby_redirect, kinds[i], "st0"),
					 TC_ACT_SHOT);
			assert_int_equal(run(world.steer->progs.standby_redirect, kinds[i], "st0"),
					 TC_ACT_REDIRECT);
			assert_int_equal(run(world.steer->progs.owner_ingress, kinds[i], "ow0"),
					 TC_ACT_SHOT);
			assert_int_equal(counters_get(SLOT).drop_twin_packets, 2);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_egress),
		cmocka_unit_test(test_primary_that_cannot_send),
		cmocka_unit_test(test_rescue),
		cmocka_unit_test(test_owner_ingress),
		cmocka_unit_test(test_standby_redirect),
		cmocka_unit_test(test_standby_away),
		cmocka_unit_test(test_twins),
	};

	world.kind = KIND_NET_FAILOVER;
	return run_methods(tests, COUNT(tests));
}
