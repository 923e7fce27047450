/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The queries for stations, byte by byte, and which ports they go to. The checksums were computed
 * by another program than ours.
 */
#include "announce/membership_queries.h"
#include "netdev/netdev_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAC 0x52, 0x54, 0x00, 0x12, 0x34, 0x56
#define TAG 0x81, 0x00, 0x00, 0x64
#define IGMP                                                                                       \
	0x08, 0x00, 0x46, 0xc0, 0, 36, 0, 0, 0x40, 0, 1, 2, 0x04, 0x13, 0, 0, 0, 0, 224, 0, 0, 1,  \
		0x94, 4, 0, 0, 0x11, 1, 0xee, 0x81, 0, 0, 0, 0, 0, 125, 0, 0
#define MLD                                                                                        \
	0x86, 0xdd, 0x60, 0, 0, 0, 0, 36, 0, 1, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff,    \
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,   \
		1, 58, 0, 5, 2, 0, 0, 1, 0, 130, 0, 0x7f, 0x43, 0, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0, \
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 125, 0, 0

enum device { STANDBY = 2, BRIDGE, OTHER_BRIDGE, VM, CONTAINER, NIC, TUNNEL, ELSEWHERE, DOWN };

static void expect_frame(int family, uint16_t vlan_id, const uint8_t *expected, size_t size)
{
	static const uint8_t mac[] = { MAC };
	uint8_t padded[ANNOUNCE_FRAME_SIZE] = { 0 };
	struct announce_frame frame;

	memcpy(padded, expected, size);
	memset(&frame, 0xaa, sizeof(frame));
	membership_query_build(family, mac, vlan_id, &frame);
	assert_int_equal(frame.length, size < 60 ? 60 : size);
	assert_memory_equal(frame.bytes, padded, sizeof(padded));
}

#define EXPECT_FRAME(family, vlan_id, ...)                                                         \
	do {                                                                                       \
		const uint8_t expected_[] = { __VA_ARGS__ };                                       \
		expect_frame((family), (vlan_id), expected_, sizeof(expected_));                   \
	} while (0)

static void igmp(void **state)
{
	(void)state;
	EXPECT_FRAME(AF_INET, 0, 0x01, 0x00, 0x5e, 0, 0, 1, MAC, IGMP);
	EXPECT_FRAME(AF_INET, 100, 0x01, 0x00, 0x5e, 0, 0, 1, MAC, TAG, IGMP);
}

static void mld(void **state)
{
	(void)state;
	EXPECT_FRAME(AF_INET6, 0, 0x33, 0x33, 0, 0, 0, 1, MAC, MLD);
	EXPECT_FRAME(AF_INET6, 100, 0x33, 0x33, 0, 0, 0, 1, MAC, TAG, MLD);
}

static void put(struct netdev_table *table, int ifindex, const char *kind, int master)
{
	struct netdev device = {
		.ifindex = ifindex,
		.flags = ifindex == DOWN ? 0 : IFF_UP,
		.master = master,
		.mac = { 2, [5] = (uint8_t)ifindex },
	};

	snprintf(device.name, sizeof(device.name), "d%d", ifindex);
	snprintf(device.kind, sizeof(device.kind), "%s", kind);
	snprintf(device.slave_kind, sizeof(device.slave_kind), "%s", master ? "bridge" : "");
	assert_int_equal(netdev_device_put(table, &device), NETDEV_LINKS);
}

static struct netdev_table *table_new(bool snoops)
{
	struct netdev_table *table = calloc(1, sizeof(*table));

	put(table, STANDBY, "veth", BRIDGE);
	put(table, BRIDGE, "bridge", 0);
	put(table, OTHER_BRIDGE, "bridge", 0);
	put(table, VM, "tun", BRIDGE);
	put(table, CONTAINER, "veth", BRIDGE);
	put(table, NIC, "", BRIDGE);
	put(table, TUNNEL, "vxlan", BRIDGE);
	put(table, ELSEWHERE, "veth", OTHER_BRIDGE);
	put(table, DOWN, "veth", BRIDGE);
	netdev_device_find(table, BRIDGE)->snoops = snoops;
	return table;
}

static struct announce_queries collect(const struct netdev_table *table,
				       const struct bridged_groups *known)
{
	struct bridges bridges = { 0 };
	struct announce_queries queries = { 0 };
	struct speakers speakers = { 0 };

	assert_int_equal(
		speakers_find(table, &bridges, NULL, netdev_by_index(table, STANDBY), &speakers),
		0);
	assert_int_equal(membership_queries_collect(table, known, &speakers, &queries), 0);
	speakers_free(&speakers);
	return queries;
}

/* The queries for each device, in pairs: "VM VLAN ..."; @ends with 0. */
static void expect(const struct announce_queries *queries, const int (*expected)[2])
{
	size_t i = 0;

	for (; (*expected)[0]; expected++, i += 2)
		for (size_t j = 0; j < 2; j++) {
			const uint8_t mac[] = { 2, 0, 0, 0, 0, (uint8_t)(*expected)[0] };
			struct announce_frame frame;

			assert_true(i + j < queries->count);
			assert_int_equal(queries->list[i + j].ifindex, (*expected)[0]);
			membership_query_build(j ? AF_INET6 : AF_INET, mac,
					       (uint16_t)(*expected)[1], &frame);
			assert_memory_equal(&queries->list[i + j].frame, &frame, sizeof(frame));
		}
	assert_int_equal(queries->count, i);
}

static void finish(struct netdev_table *table, struct announce_queries *queries)
{
	free(queries->list);
	unique_free(&queries->known);
	free(table->devices);
	free(table);
}

/* Nothing is known: all stations of this machine are asked. */
static void without_snooping(void **state)
{
	static const int expected[][2] = { { VM, 0 }, { CONTAINER, 0 }, { 0 } };
	struct netdev_table *table = table_new(false);
	struct bridged_groups known = { 0 };
	struct announce_queries queries = collect(table, &known);

	(void)state;
	expect(&queries, expected);
	finish(table, &queries);
}

/* The order of link_list_groups. */
static struct link_group groups[] = {
	{ .bridge = BRIDGE, .port = STANDBY, .family = AF_INET },
	{ .bridge = BRIDGE, .port = STANDBY, .is_router = true },
	{ .bridge = BRIDGE, .port = CONTAINER, .family = AF_INET },
	{ .bridge = BRIDGE, .port = CONTAINER, .family = AF_INET6, .vlan_id = 7 },
	{ .bridge = BRIDGE, .port = CONTAINER, .family = AF_INET, .vlan_id = 7 },
	{ .bridge = BRIDGE, .port = NIC, .family = AF_INET },
	{ .bridge = OTHER_BRIDGE, .port = ELSEWHERE, .family = AF_INET },
};

static void with_snooping(void **state)
{
	static const int expected[][2] = { { CONTAINER, 0 }, { CONTAINER, 7 }, { 0 } };
	struct netdev_table *table = table_new(true);
	struct bridged_groups known = { .list = groups, .count = 7 };
	struct announce_queries queries = collect(table, &known);

	(void)state;
	expect(&queries, expected);
	membership_queries_leave_out(&queries, VM);
	expect(&queries, expected);
	membership_queries_leave_out(&queries, CONTAINER);
	assert_int_equal(queries.count, 0);
	finish(table, &queries);
}

static void without_members(void **state)
{
	struct netdev_table *table = table_new(true);
	struct bridged_groups known = { 0 };
	struct announce_queries queries = collect(table, &known);

	(void)state;
	assert_int_equal(queries.count, 0);
	finish(table, &queries);
}

static void router_behind_a_port(void **state)
{
	struct netdev_table *table = table_new(true);
	struct bridged_groups known = { .list = groups, .count = 7 };
	struct announce_queries queries;

	(void)state;
	groups[4] = (struct link_group){ .bridge = BRIDGE, .port = CONTAINER, .is_router = true };
	queries = collect(table, &known);
	assert_int_equal(queries.count, 0);
	finish(table, &queries);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(igmp),
		cmocka_unit_test(mld),
		cmocka_unit_test(without_snooping),
		cmocka_unit_test(with_snooping),
		cmocka_unit_test(without_members),
		cmocka_unit_test(router_behind_a_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
