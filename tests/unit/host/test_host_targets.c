/* SPDX-License-Identifier: GPL-2.0-only */
/* The VFs of a message, and which PFs a MAC is shared with. */
#include "host/host_targets.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <stdlib.h>
#include <string.h>

#include "../netdev_message.h"
#include "host/host_links_table.h"

#define BRIDGE 10
#define OTHER_BRIDGE 11

static struct host_links *links;

static void put(int ifindex, const char *name, const char *kind, int master, int link,
		uint16_t vlan)
{
	struct netdev device;

	memset(&device, 0, sizeof(device));
	device.ifindex = ifindex;
	device.master = master;
	device.link = link;
	device.vlan_id = vlan;
	device.hardware_type = ARPHRD_ETHER;
	snprintf(device.name, sizeof(device.name), "%s", name);
	snprintf(device.kind, sizeof(device.kind), "%s", kind);
	assert_true(host_links_put(links, &device) >= 0);
}

static void put_vf(int pf, const uint8_t *of, uint16_t vlan)
{
	struct host_vf *vfs = calloc(2, sizeof(*vfs));

	assert_non_null(vfs);
	vfs[1].number = 1;
	vfs[1].vlan_id = vlan;
	memcpy(vfs[1].mac, of, ETH_ALEN);
	host_links_put_vfs(host_links_find(links, pf), vfs, 2);
}

static int set_up(void **state)
{
	(void)state;
	links = calloc(1, sizeof(*links));
	put(BRIDGE, "br0", "bridge", 0, 0, 0);
	put(OTHER_BRIDGE, "br1", "bridge", 0, 0, 0);
	put(20, "bond0", "bond", BRIDGE, 0, 0);
	put(21, "pf0", "", BRIDGE, 0, 0);
	put(22, "pf1", "", OTHER_BRIDGE, 0, 0);
	put(23, "pf2", "", 20, 0, 0);
	put(24, "pf3", "", 0, 0, 0);
	put(25, "pf3.7", "vlan", BRIDGE, 24, 7);
	put(26, "eth9", "", BRIDGE, 0, 0);
	return links ? 0 : -1;
}

static int tear_down(void **state)
{
	static const uint8_t none[ETH_ALEN];

	(void)state;
	(void)none;
	for (size_t i = 0; i < links->count; i++)
		free(links->list[i].vfs);
	free(links->list);
	free(links);
	return 0;
}

static void expect(const char *pf, int bridge, bool ahead, size_t count, int first, int second)
{
	struct host_sought sought = { .mac = mac, .bridge = bridge, .pf = pf, .ahead = ahead };
	struct host_targets targets;

	host_targets_find(links, &sought, &targets);
	assert_int_equal(targets.count, count);
	if (count > 0)
		assert_int_equal(targets.ifindexes[0], first);
	if (count > 1)
		assert_int_equal(targets.ifindexes[1], second);
}

static void no_vf_no_pf(void **state)
{
	(void)state;
	expect("", BRIDGE, false, 0, 0, 0);
	expect("", 0, true, 0, 0, 0);
}

static void the_pf_with_the_vf(void **state)
{
	(void)state;
	put_vf(21, mac, 0);
	expect("", BRIDGE, false, 1, 21, 0);
	expect("", 0, false, 1, 21, 0);
	/* Of a network that the tap's bridge does not show: better than none. */
	expect("", OTHER_BRIDGE, false, 1, 21, 0);
}

static void of_two_pfs_that_of_the_bridge(void **state)
{
	(void)state;
	put_vf(21, mac, 0);
	put_vf(22, mac, 0);
	expect("", BRIDGE, false, 1, 21, 0);
	expect("", OTHER_BRIDGE, false, 1, 22, 0);
	expect("", 0, false, 2, 21, 22);
}

static void behind_a_bond(void **state)
{
	(void)state;
	put_vf(22, mac, 0);
	put_vf(23, mac, 0);
	expect("", BRIDGE, false, 1, 23, 0);
}

static void behind_a_vlan(void **state)
{
	(void)state;
	put_vf(22, mac, 0);
	put_vf(24, mac, 7);
	expect("", BRIDGE, false, 1, 24, 0);
	/* The bridge has another VLAN of this PF: no VF leads to it. */
	put_vf(24, mac, 8);
	expect("", BRIDGE, false, 2, 22, 24);
}

static void ahead_of_the_vf(void **state)
{
	static const uint8_t other[ETH_ALEN] = { 2, 0, 0, 0, 0, 9 };

	(void)state;
	put_vf(21, other, 0);
	put_vf(22, other, 0);
	expect("", BRIDGE, false, 0, 0, 0);
	expect("", BRIDGE, true, 1, 21, 0);
	/* A PF far away has the VF, of another guest or host: the tap receives by the near one. */
	put_vf(22, mac, 0);
	expect("", BRIDGE, true, 1, 21, 0);
	expect("", BRIDGE, false, 0, 0, 0);
}

static void a_configured_pf(void **state)
{
	(void)state;
	put_vf(21, mac, 0);
	expect("eth9", BRIDGE, true, 1, 26, 0);
	expect("absent", BRIDGE, true, 0, 0, 0);
}

static struct nl_msg *pf_message(unsigned count)
{
	struct nl_msg *message = full_link();
	struct nlattr *list = nla_nest_start(message, IFLA_VFINFO_LIST);

	for (unsigned i = 0; i < count; i++) {
		struct nlattr *info = nla_nest_start(message, IFLA_VF_INFO);
		struct ifla_vf_mac vf_mac = { .vf = i };
		struct ifla_vf_vlan vlan = { .vf = i, .vlan = 7 * i };
		struct ifla_vf_spoofchk spoofchk = { .vf = i, .setting = i };
		struct ifla_vf_trust trust = { .vf = i, .setting = i ? UINT32_MAX : 1 };

		memcpy(vf_mac.mac, mac, ETH_ALEN);
		vf_mac.mac[5] = (uint8_t)i;
		nla_put(message, IFLA_VF_MAC, sizeof(vf_mac), &vf_mac);
		nla_put(message, IFLA_VF_VLAN, sizeof(vlan), &vlan);
		nla_put(message, IFLA_VF_SPOOFCHK, sizeof(spoofchk), &spoofchk);
		nla_put(message, IFLA_VF_TRUST, sizeof(trust), &trust);
		nla_nest_end(message, info);
	}
	nla_nest_end(message, list);
	return message;
}

static void vfs_are_parsed(void **state)
{
	struct nl_msg *message = pf_message(2);
	struct nlmsghdr *header = nlmsg_hdr(message);
	struct host_vf *vfs;
	size_t count;

	(void)state;
	assert_int_equal(host_vfs_parse(header, header->nlmsg_len, &vfs, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(vfs[1].number, 1);
	assert_int_equal(vfs[1].mac[5], 1);
	assert_int_equal(vfs[1].vlan_id, 7);
	assert_true(vfs[1].spoofchk && !vfs[0].spoofchk);
	/* UINT32_MAX: the driver does not know. */
	assert_true(vfs[0].trust && !vfs[1].trust);
	free(vfs);
	nlmsg_free(message);
}

static void damaged_vfs_are_refused(void **state)
{
	struct nl_msg *message = pf_message(1);
	struct nlmsghdr *header = nlmsg_hdr(message);
	struct host_vf *vfs;
	size_t count;

	(void)state;
	for (size_t length = 0; length < header->nlmsg_len; length++)
		assert_int_equal(host_vfs_parse(header, length, &vfs, &count), -EBADMSG);
	nlmsg_free(message);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_vf_no_pf),
		TEST(the_pf_with_the_vf),
		TEST(of_two_pfs_that_of_the_bridge),
		TEST(behind_a_bond),
		TEST(behind_a_vlan),
		TEST(ahead_of_the_vf),
		TEST(a_configured_pf),
		cmocka_unit_test(vfs_are_parsed),
		cmocka_unit_test(damaged_vfs_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
