/* SPDX-License-Identifier: GPL-2.0-only */
/* Which devices speak by a standby, and inside which tags. */
#include "announce/addresses.h"
#include "netdev/netdev_table.h"
#include "announce/speakers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STANDBY 2
#define MANY 4000

static void put(struct netdev_table *table, struct netdev device, uint8_t mac)
{
	memset(device.mac, mac, ETH_ALEN);
	snprintf(device.name, sizeof(device.name), "d%d", device.ifindex);
	assert_int_equal(netdev_device_put(table, &device), NETDEV_LINKS);
}

static struct speakers find(const struct netdev_table *table)
{
	struct speakers speakers = { 0 };

	assert_int_equal(speakers_find(table, netdev_by_index(table, STANDBY), &speakers), 0);
	return speakers;
}

static struct netdev_table *table_new(const char *master_kind, int master)
{
	struct netdev_table *table = calloc(1, sizeof(*table));
	struct netdev standby = { .ifindex = STANDBY, .flags = IFF_UP, .master = master };

	snprintf(standby.slave_kind, sizeof(standby.slave_kind), "%s", master_kind);
	put(table, standby, 0xa);
	return table;
}

static void table_free(struct netdev_table *table)
{
	free(table->devices);
	free(table);
}

static void internal_ports_of_open_vswitch(void **state)
{
	struct netdev_table *table = table_new("openvswitch", 3);
	struct speakers speakers;

	(void)state;
	put(table, (struct netdev){ .ifindex = 3, .kind = "openvswitch" }, 0xa);
	put(table, (struct netdev){ .ifindex = 4, .kind = "openvswitch", .flags = IFF_UP }, 0xa);
	put(table, (struct netdev){ .ifindex = 5, .kind = "openvswitch", .flags = IFF_UP }, 0xb);
	put(table,
	    (struct netdev){ .ifindex = 6,
			     .kind = "vlan",
			     .flags = IFF_UP,
			     .link = 4,
			     .vlan_id = 7,
			     .vlan_protocol = ETH_P_8021Q },
	    0xa);
	speakers = find(table);
	assert_int_equal(speakers.count, 3);
	assert_int_equal(speakers.list[1].device->ifindex, 4);
	assert_int_equal(speakers.list[2].device->ifindex, 6);
	assert_int_equal(speakers.list[2].tags[0].vlan_id, 7);
	assert_int_equal(speakers.below[2], 1);
	speakers_free(&speakers);
	table_free(table);
}

static void no_foreign_internal_ports(void **state)
{
	struct netdev_table *table = table_new("", 0);
	struct speakers speakers;

	(void)state;
	put(table, (struct netdev){ .ifindex = 4, .kind = "openvswitch", .flags = IFF_UP }, 0xa);
	speakers = find(table);
	assert_int_equal(speakers.count, 1);
	speakers_free(&speakers);
	table_free(table);
}

/* Each under a VLAN of its own, all ports of one bridge: that speaks once in each VLAN. */
static void bridge_of_many_vlans(void **state)
{
	struct netdev_table *table = table_new("", 0);
	struct speakers speakers;

	(void)state;
	put(table, (struct netdev){ .ifindex = 3, .kind = "bridge", .flags = IFF_UP }, 0xa);
	for (int i = 0; i < MANY; i++)
		put(table,
		    (struct netdev){ .ifindex = 10 + i,
				     .kind = "vlan",
				     .flags = IFF_UP,
				     .link = STANDBY,
				     .master = 3,
				     .vlan_id = (uint16_t)i,
				     .vlan_protocol = ETH_P_8021Q },
		    0xa);
	speakers = find(table);
	assert_int_equal(speakers.count, 1 + 2 * MANY);
	for (size_t i = 1; i < speakers.count; i++)
		assert_true(speakers.below[i] < i && speakers.below[i] >= speakers.below[i - 1]);
	assert_int_equal(speakers.list[speakers.count - 1].device->ifindex, 3);
	assert_int_equal(speakers.list[speakers.count - 1].tags[0].vlan_id, MANY - 1);
	speakers_free(&speakers);
	table_free(table);
}

static void put_bond(struct netdev_table *table, bool is_up)
{
	put(table, (struct netdev){ .ifindex = 3, .kind = "bond", .flags = is_up ? IFF_UP : 0 },
	    0xb);
	put(table,
	    (struct netdev){ .ifindex = 4,
			     .kind = "vlan",
			     .flags = IFF_UP,
			     .link = 3,
			     .vlan_id = 7,
			     .vlan_protocol = ETH_P_8021Q },
	    0xb);
	put(table,
	    (struct netdev){
		    .ifindex = 5, .kind = "macvlan", .flags = IFF_UP, .link = 4, .master = 6 },
	    0xc);
	put(table, (struct netdev){ .ifindex = 6, .kind = "bridge", .flags = IFF_UP }, 0xd);
}

static void bond_that_sends_by_the_standby(void **state)
{
	struct netdev_table *table = table_new("bond", 3);
	struct speakers speakers;

	(void)state;
	put_bond(table, true);
	speakers = find(table);
	assert_int_equal(speakers.count, 5);
	for (int i = 1; i < 5; i++) {
		assert_int_equal(speakers.list[i].device->ifindex, 2 + i);
		assert_int_equal(speakers.list[i].tag_count, i > 1);
	}
	speakers_free(&speakers);
	table_free(table);
}

static void bond_that_sends_by_another(void **state)
{
	struct netdev_table *table = table_new("bond", 3);
	struct netdev standby = *netdev_by_index(table, STANDBY);
	struct announcement list = { 0 };
	struct speakers speakers;

	(void)state;
	put_bond(table, true);
	standby.is_backup_slave = true;
	assert_int_equal(netdev_device_put(table, &standby), NETDEV_LINKS);
	speakers = find(table);
	assert_int_equal(speakers.count, 1);
	/* Its MAC is the bond's, which the network has learned behind the other slave. */
	assert_int_equal(
		addresses_collect(table, NULL, netdev_by_index(table, STANDBY), NULL, &list), 0);
	assert_int_equal(list.count, 0);
	announcement_free(&list);
	speakers_free(&speakers);
	table_free(table);
}

static void bond_that_is_down(void **state)
{
	struct netdev_table *table = table_new("bond", 3);
	struct speakers speakers;

	(void)state;
	put_bond(table, false);
	speakers = find(table);
	assert_int_equal(speakers.count, 1);
	speakers_free(&speakers);
	table_free(table);
}

/*
 * rtnetlink does not say which port a team sends by. A team that has no other port with a link can
 * only use this one.
 */
static void team_with_one_working_port(void **state)
{
	struct netdev_table *table = table_new("team", 3);
	struct speakers speakers;

	(void)state;
	put(table, (struct netdev){ .ifindex = 3, .kind = "team", .flags = IFF_UP }, 0xa);
	put(table, (struct netdev){ .ifindex = 4, .flags = IFF_UP, .master = 3 }, 0xb);
	put(table, (struct netdev){ .ifindex = 5, .carrier = true, .master = 3 }, 0xb);
	put(table, (struct netdev){ .ifindex = 6, .flags = IFF_UP, .carrier = true }, 0xb);
	speakers = find(table);
	assert_int_equal(speakers.count, 2);
	assert_int_equal(speakers.list[1].device->ifindex, 3);
	speakers_free(&speakers);
	put(table, (struct netdev){ .ifindex = 7, .flags = IFF_UP, .carrier = true, .master = 3 },
	    0xb);
	speakers = find(table);
	assert_int_equal(speakers.count, 1);
	speakers_free(&speakers);
	table_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(internal_ports_of_open_vswitch),
		cmocka_unit_test(no_foreign_internal_ports),
		cmocka_unit_test(bridge_of_many_vlans),
		cmocka_unit_test(bond_that_sends_by_the_standby),
		cmocka_unit_test(bond_that_sends_by_another),
		cmocka_unit_test(bond_that_is_down),
		cmocka_unit_test(team_with_one_working_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
