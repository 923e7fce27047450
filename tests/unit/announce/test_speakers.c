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

static struct speakers find_with(const struct netdev_table *table, struct bridges *bridges)
{
	struct speakers speakers = { 0 };

	assert_int_equal(
		speakers_find(table, bridges, NULL, netdev_by_index(table, STANDBY), &speakers), 0);
	return speakers;
}

static struct speakers find(const struct netdev_table *table)
{
	struct bridges none = { 0 };

	return find_with(table, &none);
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
	struct bridged_groups groups = { 0 };
	struct bridges bridges = { 0 };
	struct speakers speakers;

	(void)state;
	put_bond(table, true);
	standby.is_backup_slave = true;
	assert_int_equal(netdev_device_put(table, &standby), NETDEV_LINKS);
	speakers = find(table);
	assert_int_equal(speakers.count, 1);
	/* Its MAC is the bond's, which the network has learned behind the other slave. */
	assert_int_equal(addresses_collect(table, NULL, netdev_by_index(table, STANDBY), &bridges,
					   &groups, NULL, &list),
			 0);
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

#define BRIDGE 3
#define PVID 77

static void put_vlan(struct netdev_table *table, int ifindex, int link, uint16_t protocol,
		     uint16_t vlan_id)
{
	put(table,
	    (struct netdev){ .ifindex = ifindex,
			     .kind = "vlan",
			     .flags = IFF_UP,
			     .link = link,
			     .vlan_id = vlan_id,
			     .vlan_protocol = protocol },
	    0xa);
}

/* The standby is a port of a bridge that filters VLANs. */
static struct netdev_table *table_with_bridge(void)
{
	struct netdev_table *table = table_new("bridge", BRIDGE);

	put(table,
	    (struct netdev){ .ifindex = BRIDGE,
			     .kind = "bridge",
			     .flags = IFF_UP,
			     .vlan_protocol = ETH_P_8021Q },
	    0xa);
	return table;
}

/*
 * Its own frames are of VLAN 77, tagged at the standby; 88 is untagged there; 99 is not at the
 * standby, and 66 not at the bridge.
 */
static struct bridge bridge_with_vlans(void)
{
	struct bridge bridge = { .ifindex = BRIDGE, .port = STANDBY };

	bridge.own[PVID] = LINK_VLAN_MEMBER | LINK_VLAN_UNTAGGED | LINK_VLAN_PVID;
	bridge.own[88] = bridge.own[99] = LINK_VLAN_MEMBER;
	bridge.at_port[PVID] = bridge.at_port[66] = LINK_VLAN_MEMBER;
	bridge.at_port[88] = LINK_VLAN_MEMBER | LINK_VLAN_UNTAGGED | LINK_VLAN_PVID;
	return bridge;
}

static void assert_speaker(const struct speaker *speaker, int ifindex, uint8_t tag_count,
			   uint16_t outer, uint16_t inner)
{
	assert_int_equal(speaker->device->ifindex, ifindex);
	assert_false(speaker->is_silent);
	assert_int_equal(speaker->tag_count, tag_count);
	if (tag_count > 0)
		assert_int_equal(speaker->tags[0].vlan_id, outer);
	if (tag_count > 1)
		assert_int_equal(speaker->tags[1].vlan_id, inner);
}

static void tags_of_a_bridge_that_filters_vlans(void **state)
{
	struct bridge bridge = bridge_with_vlans(), *list[] = { &bridge };
	struct bridges bridges = { .list = list, .count = 1 };
	struct netdev_table *table = table_with_bridge();
	struct speakers speakers;

	(void)state;
	put_vlan(table, 4, BRIDGE, ETH_P_8021Q, 88);
	put_vlan(table, 5, BRIDGE, ETH_P_8021Q, 99);
	put_vlan(table, 6, BRIDGE, ETH_P_8021Q, 66);
	put_vlan(table, 7, BRIDGE, ETH_P_8021AD, 88);
	put(table, (struct netdev){ .ifindex = 8, .kind = "macvlan", .flags = IFF_UP, .link = 3 },
	    0xc);
	put_vlan(table, 9, 8, ETH_P_8021Q, 88);
	put_vlan(table, 10, 4, ETH_P_8021Q, 77);
	speakers = find_with(table, &bridges);
	assert_int_equal(speakers.count, 7);
	assert_speaker(&speakers.list[0], STANDBY, 0, 0, 0);
	assert_speaker(&speakers.list[1], BRIDGE, 1, PVID, 0);
	assert_speaker(&speakers.list[2], 4, 0, 0, 0);
	assert_speaker(&speakers.list[3], 7, 2, PVID, 88);
	assert_speaker(&speakers.list[4], 8, 1, PVID, 0);
	assert_speaker(&speakers.list[5], 10, 1, 77, 0);
	assert_speaker(&speakers.list[6], 9, 0, 0, 0);
	speakers_free(&speakers);
	table_free(table);
}

/* Its own frames do not leave by the standby; those of a VLAN device above it do. */
static void bridge_that_is_silent(void **state)
{
	struct bridge bridge = bridge_with_vlans(), *list[] = { &bridge };
	struct bridges bridges = { .list = list, .count = 1 };
	struct netdev_table *table = table_with_bridge();
	struct speakers speakers;

	(void)state;
	bridge.at_port[PVID] = 0;
	put_vlan(table, 4, BRIDGE, ETH_P_8021Q, 88);
	put_vlan(table, 5, BRIDGE, ETH_P_8021AD, 88);
	speakers = find_with(table, &bridges);
	assert_int_equal(speakers.count, 3);
	assert_int_equal(speakers.list[1].device->ifindex, BRIDGE);
	assert_true(speakers.list[1].is_silent);
	assert_speaker(&speakers.list[2], 4, 0, 0, 0);
	speakers_free(&speakers);
	/* A bridge without a VLAN for frames that have no tag. */
	bridge.at_port[PVID] = LINK_VLAN_MEMBER;
	bridge.own[PVID] = LINK_VLAN_MEMBER;
	speakers = find_with(table, &bridges);
	assert_int_equal(speakers.count, 3);
	assert_true(speakers.list[1].is_silent);
	speakers_free(&speakers);
	table_free(table);
}

/* What is known of it is another port's, or nothing: the tags of the port. */
static void bridge_that_was_not_read(void **state)
{
	struct bridge bridge = bridge_with_vlans(), *list[] = { &bridge };
	struct bridges bridges = { .list = list, .count = 1 };
	struct netdev_table *table = table_with_bridge();
	struct speakers speakers;

	(void)state;
	bridge.port = STANDBY + 20;
	put_vlan(table, 4, BRIDGE, ETH_P_8021Q, 88);
	speakers = find_with(table, &bridges);
	assert_int_equal(speakers.count, 3);
	assert_speaker(&speakers.list[1], BRIDGE, 0, 0, 0);
	assert_speaker(&speakers.list[2], 4, 1, 88, 0);
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
		cmocka_unit_test(tags_of_a_bridge_that_filters_vlans),
		cmocka_unit_test(bridge_that_is_silent),
		cmocka_unit_test(bridge_that_was_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
