/* SPDX-License-Identifier: GPL-2.0-only */
/* What a link message says of a device, and which messages say nothing of one. */
#include "../netdev_message.h"
#include "netdev/netdev_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void test_link(void **state)
{
	struct netdev device;

	(void)state;
	assert_int_equal(parse_link(full_link(), &device), 0);
	assert_int_equal(device.ifindex, 7);
	assert_string_equal(device.name, "eth0.100");
	assert_int_equal(device.hardware_type, 1);
	assert_memory_equal(device.mac, mac, ETH_ALEN);
	assert_memory_equal(device.permanent_mac, mac, ETH_ALEN);
	assert_int_equal(device.flags, IFF_UP);
	assert_int_equal(device.mtu, 9000);
	assert_int_equal(device.promiscuity, 2);
	assert_int_equal(device.allmulti, 3);
	assert_int_equal(device.operstate, OPER_UP);
	assert_true(device.carrier);
	assert_int_equal(device.link, 2);
	assert_int_equal(device.master, 9);
	assert_string_equal(device.kind, "vlan");
	assert_string_equal(device.slave_kind, "bridge");
	assert_int_equal(device.vlan_id, 100);
	assert_int_equal(device.vlan_protocol, ETH_P_8021AD);
	assert_string_equal(device.driver, "");
}

/*
 * A device that was read since is read again after a notification that changes it. Other
 * notifications cost nothing.
 */
static void test_notifications_that_may_be_old(void **state)
{
	struct netdev_table table = { 0 };
	struct netdev device = { .ifindex = 7, .name = "eth0", .mtu = 1500 };
	struct netdev *known;

	(void)state;
	assert_int_equal(netdev_device_put(&table, &device), NETDEV_LINKS);
	known = netdev_device_find(&table, 7);
	device.mtu = 1400;
	assert_int_equal(netdev_device_put(&table, &device), NETDEV_STATE);
	assert_false(known->overtaken);
	known->reread = true;
	assert_int_equal(netdev_device_put(&table, &device), 0);
	assert_false(known->overtaken);
	device.mtu = 1300;
	assert_int_equal(netdev_device_put(&table, &device), NETDEV_STATE);
	assert_true(known->overtaken);
	free(table.devices);
}

/* With a program in the hardware as well, the one that the host's CPUs run counts. */
static void test_xdp(void **state)
{
	static const struct {
		uint8_t attached;
		uint32_t program, native, generic, hardware;
		uint8_t mode;
		uint32_t found;
	} rows[] = {
		{ XDP_ATTACHED_NONE, 0, 0, 0, 0, XDP_ATTACHED_NONE, 0 },
		{ XDP_ATTACHED_DRV, 7, 7, 0, 0, XDP_ATTACHED_DRV, 7 },
		{ XDP_ATTACHED_SKB, 8, 0, 8, 0, XDP_ATTACHED_SKB, 8 },
		{ XDP_ATTACHED_HW, 9, 0, 0, 9, XDP_ATTACHED_HW, 9 },
		{ XDP_ATTACHED_MULTI, 0, 7, 0, 9, XDP_ATTACHED_DRV, 7 },
		{ XDP_ATTACHED_MULTI, 0, 0, 8, 9, XDP_ATTACHED_SKB, 8 },
		{ XDP_ATTACHED_MULTI, 0, 0, 0, 0, XDP_ATTACHED_NONE, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct nl_msg *message = full_link();
		struct nlattr *xdp = nla_nest_start(message, IFLA_XDP);
		struct netdev device;

		nla_put_u8(message, IFLA_XDP_ATTACHED, rows[i].attached);
		if (rows[i].program)
			nla_put_u32(message, IFLA_XDP_PROG_ID, rows[i].program);
		if (rows[i].native)
			nla_put_u32(message, IFLA_XDP_DRV_PROG_ID, rows[i].native);
		if (rows[i].generic)
			nla_put_u32(message, IFLA_XDP_SKB_PROG_ID, rows[i].generic);
		if (rows[i].hardware)
			nla_put_u32(message, IFLA_XDP_HW_PROG_ID, rows[i].hardware);
		nla_nest_end(message, xdp);
		assert_int_equal(parse_link(message, &device), 0);
		assert_int_equal(device.xdp_mode, rows[i].mode);
		assert_int_equal(device.xdp_program, rows[i].found);
	}
}

static void test_vlan_without_protocol_is_8021q(void **state)
{
	struct nl_msg *message = link_new(AF_UNSPEC, 3);
	struct netdev device;

	(void)state;
	nla_put_string(message, IFLA_IFNAME, "v");
	put_info(message, "vlan", 4094, 0);
	assert_int_equal(parse_link(message, &device), 0);
	assert_int_equal(device.vlan_id, 4094);
	assert_int_equal(device.vlan_protocol, ETH_P_8021Q);
}

/* The same attribute numbers mean other things there. */
static void test_other_kinds_have_no_vlan(void **state)
{
	struct nl_msg *message = link_new(AF_UNSPEC, 3);
	struct netdev device;

	(void)state;
	nla_put_string(message, IFLA_IFNAME, "v");
	put_info(message, "bridge", 100, ETH_P_8021Q);
	assert_int_equal(parse_link(message, &device), 0);
	assert_string_equal(device.kind, "bridge");
	assert_int_equal(device.vlan_id, 0);
}

static void test_bridges_that_filter_vlans(void **state)
{
	static const struct {
		int filtering, protocol; /* -1: not in the message */
		uint16_t expected;
	} cases[] = { { 1, ETH_P_8021AD, ETH_P_8021AD },
		      { 1, -1, ETH_P_8021Q },
		      { 0, ETH_P_8021Q, 0 },
		      { -1, -1, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct nl_msg *message = link_new(AF_UNSPEC, 3);
		struct nlattr *info, *data;
		struct netdev device;

		nla_put_string(message, IFLA_IFNAME, "br0");
		info = nla_nest_start(message, IFLA_LINKINFO);
		nla_put_string(message, IFLA_INFO_KIND, "bridge");
		data = nla_nest_start(message, IFLA_INFO_DATA);
		if (cases[i].filtering >= 0)
			nla_put_u8(message, IFLA_BR_VLAN_FILTERING, (uint8_t)cases[i].filtering);
		if (cases[i].protocol >= 0)
			nla_put_u16(message, IFLA_BR_VLAN_PROTOCOL,
				    htons((uint16_t)cases[i].protocol));
		nla_nest_end(message, data);
		nla_nest_end(message, info);
		assert_int_equal(parse_link(message, &device), 0);
		assert_int_equal(device.vlan_protocol, cases[i].expected);
	}
}

static void test_bridges_that_snoop(void **state)
{
	static const int cases[] = { 1, 0,
				     -1 }; /* -1: missing: a kernel without snooping */

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct nl_msg *message = link_new(AF_UNSPEC, 3);
		struct nlattr *info, *data;
		struct netdev device;

		nla_put_string(message, IFLA_IFNAME, "br0");
		info = nla_nest_start(message, IFLA_LINKINFO);
		nla_put_string(message, IFLA_INFO_KIND, "bridge");
		data = nla_nest_start(message, IFLA_INFO_DATA);
		if (cases[i] >= 0)
			nla_put_u8(message, IFLA_BR_MCAST_SNOOPING, (uint8_t)cases[i]);
		nla_nest_end(message, data);
		nla_nest_end(message, info);
		assert_int_equal(parse_link(message, &device), 0);
		assert_int_equal(device.snoops, cases[i] == 1);
	}
}

static void test_link_in_another_namespace(void **state)
{
	struct nl_msg *message = link_new(AF_UNSPEC, 3);
	struct netdev device;

	(void)state;
	nla_put_string(message, IFLA_IFNAME, "veth0");
	nla_put_u32(message, IFLA_LINK, 2);
	nla_put_s32(message, IFLA_LINK_NETNSID, 0);
	assert_int_equal(parse_link(message, &device), 0);
	assert_int_equal(device.link, 0);
}

static void test_slaves_of_a_bond(void **state)
{
	static const struct {
		const char *kind;
		int slave_state; /* -1: not in the message */
		bool expected;
	} cases[] = { { "bond", 0, false },
		      { "bond", 1, true },
		      { "bond", -1, false },
		      { "bridge", 1, false } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct nl_msg *message = link_new(AF_UNSPEC, 3);
		struct nlattr *info, *data;
		struct netdev device;

		nla_put_string(message, IFLA_IFNAME, "eth0");
		info = nla_nest_start(message, IFLA_LINKINFO);
		nla_put_string(message, IFLA_INFO_SLAVE_KIND, cases[i].kind);
		data = nla_nest_start(message, IFLA_INFO_SLAVE_DATA);
		if (cases[i].slave_state >= 0)
			nla_put_u8(message, IFLA_BOND_SLAVE_STATE, (uint8_t)cases[i].slave_state);
		nla_nest_end(message, data);
		nla_nest_end(message, info);
		assert_int_equal(parse_link(message, &device), 0);
		assert_int_equal(device.is_backup_slave, cases[i].expected);
	}
}

static void test_bridge_port_is_no_device(void **state)
{
	struct nl_msg *message = link_new(AF_BRIDGE, 3);
	struct netdev device;

	(void)state;
	nla_put_string(message, IFLA_IFNAME, "eth0");
	assert_int_equal(parse_link(message, &device), -ENOMSG);
}

static void test_wireless_event_is_no_device(void **state)
{
	struct nl_msg *message = link_new(AF_UNSPEC, 3);
	struct netdev device;

	(void)state;
	nla_put_u32(message, IFLA_WIRELESS, 1);
	assert_int_equal(parse_link(message, &device), -ENOMSG);
}

static void test_infiniband_has_no_mac(void **state)
{
	static const uint8_t hardware_address[20] = { 1 };
	static const uint8_t none[ETH_ALEN];
	struct nl_msg *message = link_new(AF_UNSPEC, 3);
	struct netdev device;

	(void)state;
	nla_put_string(message, IFLA_IFNAME, "ib0");
	nla_put(message, IFLA_ADDRESS, sizeof(hardware_address), hardware_address);
	assert_int_equal(parse_link(message, &device), 0);
	assert_memory_equal(device.mac, none, ETH_ALEN);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_notifications_that_may_be_old),
		cmocka_unit_test(test_xdp),
		cmocka_unit_test(test_vlan_without_protocol_is_8021q),
		cmocka_unit_test(test_other_kinds_have_no_vlan),
		cmocka_unit_test(test_bridges_that_filter_vlans),
		cmocka_unit_test(test_bridges_that_snoop),
		cmocka_unit_test(test_link_in_another_namespace),
		cmocka_unit_test(test_slaves_of_a_bond),
		cmocka_unit_test(test_bridge_port_is_no_device),
		cmocka_unit_test(test_wireless_event_is_no_device),
		cmocka_unit_test(test_infiniband_has_no_mac),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
