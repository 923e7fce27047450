/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>

#include "netdev_parse.h"

/* IF_OPER_UP of <linux/if.h>, which does not go with <net/if.h>. */
#define OPER_UP 6

static const uint8_t mac[ETH_ALEN] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };

static struct nl_msg *message_new(int type, const void *header, int size)
{
	struct nl_msg *message = nlmsg_alloc_simple(type, 0);

	assert_non_null(message);
	assert_int_equal(nlmsg_append(message, (void *)header, (size_t)size, NLMSG_ALIGNTO), 0);
	return message;
}

static struct nl_msg *link_new(uint8_t family, int ifindex)
{
	struct ifinfomsg header = { .ifi_family = family, .ifi_type = 1, .ifi_index = ifindex, .ifi_flags = IFF_UP };

	return message_new(RTM_NEWLINK, &header, sizeof(header));
}

static void put_info(struct nl_msg *message, const char *kind, int vlan_id, int protocol)
{
	struct nlattr *info = nla_nest_start(message, IFLA_LINKINFO), *data;

	nla_put_string(message, IFLA_INFO_KIND, kind);
	data = nla_nest_start(message, IFLA_INFO_DATA);
	nla_put_u16(message, IFLA_VLAN_ID, (uint16_t)vlan_id);
	if (protocol)
		nla_put_u16(message, IFLA_VLAN_PROTOCOL, htons((uint16_t)protocol));
	nla_nest_end(message, data);
	nla_put_string(message, IFLA_INFO_SLAVE_KIND, "bridge");
	nla_nest_end(message, info);
}

static struct nl_msg *full_link(void)
{
	struct nl_msg *message = link_new(AF_UNSPEC, 7);

	nla_put_string(message, IFLA_IFNAME, "eth0.100");
	nla_put(message, IFLA_ADDRESS, ETH_ALEN, mac);
	nla_put(message, IFLA_PERM_ADDRESS, ETH_ALEN, mac);
	nla_put_u32(message, IFLA_MTU, 9000);
	nla_put_u32(message, IFLA_PROMISCUITY, 2);
	nla_put_u32(message, IFLA_ALLMULTI, 3);
	nla_put_u8(message, IFLA_OPERSTATE, OPER_UP);
	nla_put_u8(message, IFLA_CARRIER, 1);
	nla_put_u32(message, IFLA_LINK, 2);
	nla_put_u32(message, IFLA_MASTER, 9);
	put_info(message, "vlan", 100, ETH_P_8021AD);
	return message;
}

static void put_altname(struct nl_msg *message, const char *name, size_t size)
{
	struct nlattr *properties = nla_nest_start(message, IFLA_PROP_LIST);

	nla_put(message, IFLA_ALT_IFNAME, (int)size, name);
	nla_nest_end(message, properties);
}

static int parse_link(struct nl_msg *message, struct netdev *ret)
{
	int result = netdev_parse_link(nlmsg_hdr(message), nlmsg_hdr(message)->nlmsg_len, ret);

	nlmsg_free(message);
	return result;
}

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

static void test_altnames(void **state)
{
	struct nl_msg *message = link_new(AF_UNSPEC, 3);
	struct nlattr *properties;
	struct netdev device;
	char longest[NETDEV_NAME_SIZE];
	const char *name = NULL;
	unsigned count = 0;

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	nla_put_string(message, IFLA_IFNAME, "eth0");
	properties = nla_nest_start(message, IFLA_PROP_LIST);
	nla_put_string(message, IFLA_ALT_IFNAME, "enp1s0");
	nla_put_u32(message, IFLA_ALT_IFNAME + 1, 5); /* another property */
	nla_put_string(message, IFLA_ALT_IFNAME, longest);
	nla_put_string(message, IFLA_ALT_IFNAME, "ens1");
	nla_nest_end(message, properties);
	assert_int_equal(parse_link(message, &device), 0);
	assert_true(netdev_is_called(&device, "eth0") && netdev_is_called(&device, "enp1s0"));
	assert_true(netdev_is_called(&device, longest) && netdev_is_called(&device, "ens1"));
	assert_false(netdev_is_called(&device, "ens") || netdev_is_called(&device, "eth1") || netdev_is_called(&device, ""));
	while ((name = netdev_next_name(&device, name)))
		count++;
	assert_int_equal(count, 4);
}

/* As many as there is room for, none of them cut. */
static void test_more_altnames_than_fit(void **state)
{
	struct nl_msg *message = link_new(AF_UNSPEC, 3);
	struct nlattr *properties;
	struct netdev device;
	char altname[NETDEV_NAME_SIZE];
	const char *name = NULL;
	unsigned count = 0;

	(void)state;
	memset(altname, 'x', sizeof(altname));
	altname[sizeof(altname) - 1] = '\0';
	nla_put_string(message, IFLA_IFNAME, "eth0");
	properties = nla_nest_start(message, IFLA_PROP_LIST);
	for (int i = 0; i < 10; i++)
		nla_put_string(message, IFLA_ALT_IFNAME, altname);
	nla_nest_end(message, properties);
	assert_int_equal(parse_link(message, &device), 0);
	while ((name = netdev_next_name(&device, name)))
		assert_int_equal(strlen(name), count++ ? NETDEV_NAME_SIZE - 1 : 4);
	assert_int_equal(count, 1 + NETDEV_ALTNAMES_SIZE / NETDEV_NAME_SIZE - 1);
}

static void test_hostile_altnames(void **state)
{
	const struct {
		const char *name;
		size_t size;
		int result;
	} cases[] = { { "", 0, -EBADMSG }, { "", 1, 0 }, { "abc", 3, -EBADMSG } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct nl_msg *message = link_new(AF_UNSPEC, 3);
		struct netdev device;

		nla_put_string(message, IFLA_IFNAME, "eth0");
		put_altname(message, cases[i].name, cases[i].size);
		assert_int_equal(parse_link(message, &device), cases[i].result);
		if (!cases[i].result)
			assert_false(netdev_is_called(&device, ""));
	}
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
		int filtering, protocol; /* -1: not told */
		uint16_t expected;
	} cases[] = { { 1, ETH_P_8021AD, ETH_P_8021AD }, { 1, -1, ETH_P_8021Q }, { 0, ETH_P_8021Q, 0 }, { -1, -1, 0 } };

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
			nla_put_u16(message, IFLA_BR_VLAN_PROTOCOL, htons((uint16_t)cases[i].protocol));
		nla_nest_end(message, data);
		nla_nest_end(message, info);
		assert_int_equal(parse_link(message, &device), 0);
		assert_int_equal(device.vlan_protocol, cases[i].expected);
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
		int slave_state; /* -1: not told */
		bool expected;
	} cases[] = { { "bond", 0, false }, { "bond", 1, true }, { "bond", -1, false }, { "bridge", 1, false } };

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

static void test_hostile_links(void **state)
{
	static const char long_name[] = "a-name-that-fits-nowhere";
	static const char unterminated[] = { 'e', 't', 'h', '0' };
	struct netdev device, untouched;
	struct nl_msg *message;

	(void)state;
	memset(&device, 0xa5, sizeof(device));
	memcpy(&untouched, &device, sizeof(device));

	message = link_new(AF_UNSPEC, 3);
	nla_put_string(message, IFLA_IFNAME, long_name);
	assert_int_equal(parse_link(message, &device), -EBADMSG);

	message = link_new(AF_UNSPEC, 3);
	nla_put(message, IFLA_IFNAME, sizeof(unterminated), unterminated);
	assert_int_equal(parse_link(message, &device), -EBADMSG);

	message = link_new(AF_UNSPEC, -1);
	nla_put_string(message, IFLA_IFNAME, "eth0");
	assert_int_equal(parse_link(message, &device), -EBADMSG);

	message = link_new(AF_UNSPEC, 3);
	nla_put_string(message, IFLA_IFNAME, "eth0");
	nla_put_u8(message, IFLA_MTU, 1);
	assert_int_equal(parse_link(message, &device), -EBADMSG);

	/* A kind longer than any is cut, not refused. */
	message = link_new(AF_UNSPEC, 3);
	nla_put_string(message, IFLA_IFNAME, "eth0");
	put_info(message, long_name, 1, 0);
	assert_memory_equal(&device, &untouched, sizeof(device));
	assert_int_equal(parse_link(message, &device), 0);
	assert_string_equal(device.kind, "a-name-that-fit");
}

/* A copy of exactly @length bytes, so that the sanitizers and valgrind see a read beyond. */
static void *copy_exactly(const void *bytes, size_t length)
{
	void *copy = malloc(length ? length : 1);

	assert_non_null(copy);
	memcpy(copy, bytes, length);
	return copy;
}

static void test_truncated_link(void **state)
{
	struct nl_msg *message = full_link();
	size_t whole = nlmsg_hdr(message)->nlmsg_len;
	struct netdev device;

	(void)state;
	for (size_t length = 0; length < whole; length++) {
		struct nlmsghdr *copy = copy_exactly(nlmsg_hdr(message), length);

		/* The header promises more than there is. */
		assert_int_equal(netdev_parse_link(copy, length, &device), -EBADMSG);
		/* The header is content with what there is: what is whole counts, and nothing behind it is read. */
		if (length >= sizeof(*copy)) {
			copy->nlmsg_len = (uint32_t)length;
			netdev_parse_link(copy, length, &device);
		}
		free(copy);
	}
	nlmsg_free(message);
}

static void test_flipped_bytes(void **state)
{
	struct nl_msg *message = full_link();
	size_t length = nlmsg_hdr(message)->nlmsg_len;
	struct netdev_address address;
	struct netdev device;

	(void)state;
	for (size_t place = 0; place < length; place++) {
		for (int value = 0; value < 256; value++) {
			uint8_t *copy = copy_exactly(nlmsg_hdr(message), length);

			copy[place] = (uint8_t)value;
			if (netdev_parse_link(copy, length, &device) == 0) {
				assert_true(strlen(device.name) < sizeof(device.name));
				assert_true(strlen(device.kind) < sizeof(device.kind));
				assert_true(device.ifindex > 0);
			}
			netdev_parse_address(copy, length, &address);
			free(copy);
		}
	}
	nlmsg_free(message);
}

static struct nl_msg *address_new(uint8_t family, unsigned ifindex)
{
	struct ifaddrmsg header = { .ifa_family = family, .ifa_prefixlen = 24, .ifa_flags = 0x80, .ifa_scope = RT_SCOPE_LINK, .ifa_index = ifindex };

	return message_new(RTM_NEWADDR, &header, sizeof(header));
}

static int parse_address(struct nl_msg *message, struct netdev_address *ret)
{
	int result = netdev_parse_address(nlmsg_hdr(message), nlmsg_hdr(message)->nlmsg_len, ret);

	nlmsg_free(message);
	return result;
}

static void test_ipv4_local_not_peer(void **state)
{
	struct nl_msg *message = address_new(AF_INET, 5);
	struct netdev_address address;

	(void)state;
	nla_put_u32(message, IFA_ADDRESS, htonl(0x0a000002));
	nla_put_u32(message, IFA_LOCAL, htonl(0x0a000001));
	assert_int_equal(parse_address(message, &address), 0);
	assert_int_equal(address.ifindex, 5);
	assert_int_equal(address.family, AF_INET);
	assert_int_equal(ntohl(address.v4.s_addr), 0x0a000001);
	assert_int_equal(ntohl(address.network.s_addr), 0x0a000002);
	assert_int_equal(address.scope, RT_SCOPE_LINK);
	assert_int_equal(address.prefix_length, 24);
	assert_int_equal(address.flags, 0x80);
}

static void test_ipv6_and_wide_flags(void **state)
{
	struct nl_msg *message = address_new(AF_INET6, 5);
	struct in6_addr v6 = { .s6_addr = { 0xfe, 0x80, [15] = 1 } };
	struct netdev_address address;

	(void)state;
	nla_put(message, IFA_ADDRESS, sizeof(v6), &v6);
	nla_put_u32(message, IFA_FLAGS, IFA_F_STABLE_PRIVACY | IFA_F_PERMANENT);
	nla_put_u8(message, 11, 3); /* IFA_PROTO, IFAPROT_KERNEL_LL: Linux 5.18 */
	assert_int_equal(parse_address(message, &address), 0);
	assert_memory_equal(&address.v6, &v6, sizeof(v6));
	assert_int_equal(address.flags, IFA_F_STABLE_PRIVACY | IFA_F_PERMANENT);
	assert_int_equal(address.protocol, 3);
}

static void test_hostile_addresses(void **state)
{
	struct netdev_address address;
	struct nl_msg *message;

	(void)state;
	assert_int_equal(parse_address(address_new(AF_INET, 5), &address), -EBADMSG);
	assert_int_equal(parse_address(address_new(AF_DECnet, 5), &address), -ENOMSG);

	message = address_new(AF_INET6, 5); /* four bytes where sixteen belong */
	nla_put_u32(message, IFA_ADDRESS, 1);
	assert_int_equal(parse_address(message, &address), -EBADMSG);

	message = address_new(AF_INET, 0);
	nla_put_u32(message, IFA_LOCAL, 1);
	assert_int_equal(parse_address(message, &address), -EBADMSG);

	message = address_new(AF_INET, 0x80000000);
	nla_put_u32(message, IFA_LOCAL, 1);
	assert_int_equal(parse_address(message, &address), -EBADMSG);

	assert_int_equal(netdev_parse_address("", 0, &address), -EBADMSG);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_altnames),
		cmocka_unit_test(test_more_altnames_than_fit),
		cmocka_unit_test(test_hostile_altnames),
		cmocka_unit_test(test_xdp),
		cmocka_unit_test(test_vlan_without_protocol_is_8021q),
		cmocka_unit_test(test_other_kinds_have_no_vlan),
		cmocka_unit_test(test_bridges_that_filter_vlans),
		cmocka_unit_test(test_link_in_another_namespace),
		cmocka_unit_test(test_slaves_of_a_bond),
		cmocka_unit_test(test_bridge_port_is_no_device),
		cmocka_unit_test(test_wireless_event_is_no_device),
		cmocka_unit_test(test_infiniband_has_no_mac),
		cmocka_unit_test(test_hostile_links),
		cmocka_unit_test(test_truncated_link),
		cmocka_unit_test(test_flipped_bytes),
		cmocka_unit_test(test_ipv4_local_not_peer),
		cmocka_unit_test(test_ipv6_and_wide_flags),
		cmocka_unit_test(test_hostile_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
