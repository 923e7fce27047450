/* SPDX-License-Identifier: GPL-2.0-only */
/* Whose the addresses of a VF and the devices on it are. */
#include "candidates_devices.h"
#include "policy/owners.h"

/* A name that no device has. */
static const struct candidates_named unnamed;

/* Whose an address of the VF is, and what follows from that. */
static const struct owned {
	const char *name;
	struct netdev_address address; /* of the VF */
	bool is_shared;                /* the standby has it as well */
	enum owners_address whose;
} owneds[] = {
	{ "IPv4",
	  { .family = AF_INET, .v4 = { 0x0100000a }, .flags = IFA_F_PERMANENT },
	  false, OWNERS_FOREIGN },
	{ "IPv4 by DHCP", { .family = AF_INET, .v4 = { 0x0100000a } }, false, OWNERS_FOREIGN },
	{ "IPv4, shared", { .family = AF_INET, .v4 = { 0x0100000a } }, true, OWNERS_SHARED },
	{ "link-local",
	  { .family = AF_INET6, .v6 = V6(0xfe, 0x80, 0xff, 0xfe), .flags = IFA_F_PERMANENT },
	  false, OWNERS_KERNEL },
	{ "link-local, shared",
	  { .family = AF_INET6, .v6 = V6(0xfe, 0x80, 0xff, 0xfe), .protocol = 3 },
	  true, OWNERS_KERNEL },
	{ "IPv6 by hand",
	  { .family = AF_INET6, .v6 = V6(0xfd, 0x77, 0, 0), .flags = IFA_F_PERMANENT },
	  false, OWNERS_FOREIGN },
	{ "IPv6 by DHCP",
	  { .family = AF_INET6, .v6 = V6(0xfd, 0x77, 0, 0) },
	  false, OWNERS_FOREIGN },
	{ "IPv6, shared",
	  { .family = AF_INET6, .v6 = V6(0xfd, 0x77, 0, 0), .flags = IFA_F_PERMANENT },
	  true, OWNERS_SHARED },
	{ "a router's, Linux 5.18",
	  { .family = AF_INET6, .v6 = V6(0xfd, 0x77, 0, 0), .protocol = 2 },
	  false, OWNERS_KERNEL },
	{ "a router's, EUI-64",
	  { .family = AF_INET6, .v6 = V6(0xfd, 0x77, 0xff, 0xfe) },
	  false, OWNERS_KERNEL },
	{ "a router's, temporary",
	  { .family = AF_INET6, .v6 = V6(0xfd, 0x77, 0, 0), .flags = IFA_F_TEMPORARY },
	  false, OWNERS_KERNEL },
	{ "EUI-64 by hand",
	  { .family = AF_INET6, .v6 = V6(0xfd, 0x77, 0xff, 0xfe), .flags = IFA_F_PERMANENT },
	  false, OWNERS_FOREIGN },
};

static void test_addresses(void **context)
{
	(void)context;
	for (size_t i = 0; i < COUNT(owneds); i++) {
		const struct owned *owned = &owneds[i];
		const struct netdev vf = { DEVICE(3, A, A), ON_PCI("iavf", "0000:02:00.0"),
					   .address_count = 1 };
		struct netdev_address both[2] = { owned->address, owned->address };
		struct netdev standby = eth0;
		const struct netdev *devices[] = { &standby, &vf };
		struct candidates_view view = { .devices = devices,
						.count = 2,
						.addresses = { both, owned->is_shared ? 2 : 1 } };
		struct candidate other = { NULL, CANDIDATE_UNLIKE, NULL };

		both[0].ifindex = 3;
		both[1].ifindex = STANDBY;
		standby.address_count = owned->is_shared;
		for (enum owners_address whose = OWNERS_KERNEL; whose <= OWNERS_FOREIGN; whose++)
			if (!!owners_find(&view.addresses, &vf, &standby, whose) !=
			    (whose == owned->whose))
				fail_msg("%s: %d", owned->name, whose);
		assert_ptr_equal(candidates_choose(&view, &standby),
				 owned->whose == OWNERS_FOREIGN ? NULL : &vf);
		assert_int_equal(candidates_others(&view, &standby, NULL, &unnamed, &other, 1),
				 owned->whose == OWNERS_FOREIGN);
		if (owned->whose == OWNERS_FOREIGN)
			assert_int_equal(other.verdict, CANDIDATE_HAS_ADDRESSES);
		assert_null(owners_find(&view.addresses, &eth0, &standby, OWNERS_FOREIGN));
	}
}

/*
 * What is on the VF: a device of other people's, or one of our stubs; and devices on the standby.
 */
static void test_stacks(void **context)
{
	static const struct {
		const char *name;
		struct netdev devices[3]; /* beside eth0 */
		enum candidate_verdict verdict; /* of the first of them */
		int master_of_standby;
	} cases[] = {
		{ "a macvlan on it",
		  { { DEVICE(3, A, A) }, { DEVICE(4, B, NONE), SOFTWARE("macvlan"), .link = 3 } },
		  CANDIDATE_HAS_UPPER, 0 },
		{ "an ipvlan on it",
		  { { DEVICE(3, A, A) }, { DEVICE(4, A, A), SOFTWARE("ipvlan"), .link = 3 } },
		  CANDIDATE_HAS_UPPER, 0 },
		{ "a VLAN on it",
		  { { DEVICE(3, A, A) },
		    { DEVICE(4, A, NONE), SOFTWARE("vlan"), .link = 3, .name = "v5", .vlan_id = 5,
		      .vlan_protocol = ETH_P_8021Q } },
		  CANDIDATE_HAS_UPPER, 0 },
		{ "our stub",
		  { { DEVICE(3, A, A) },
		    { DEVICE(4, A, NONE), SOFTWARE("vlan"), .link = 3, .name = "vfs3.5",
		      .vlan_id = 5, .vlan_protocol = ETH_P_8021Q } },
		  CANDIDATE_FIT, 0 },
		{ "a stub of another",
		  { { DEVICE(3, A, A) },
		    { DEVICE(4, A, NONE), SOFTWARE("vlan"), .link = 3, .name = "vfs7.5",
		      .vlan_id = 5, .vlan_protocol = ETH_P_8021Q } },
		  CANDIDATE_HAS_UPPER, 0 },
		{ "its other end",
		  { { DEVICE(3, A, NONE), SOFTWARE("veth"), .link = 4 },
		    { DEVICE(4, B, NONE), SOFTWARE("veth"), .link = 3 } },
		  CANDIDATE_FIT, 0 },
		{ "a macvlan on the standby",
		  { { DEVICE(3, A, A) },
		    { DEVICE(4, B, NONE), SOFTWARE("macvlan"), .link = STANDBY } },
		  CANDIDATE_FIT, 0 },
		{ "on the standby",
		  { { DEVICE(3, A, NONE), SOFTWARE("macvlan"), .link = STANDBY } },
		  CANDIDATE_STACKED, 0 },
		{ "on what is on the standby",
		  { { DEVICE(3, A, NONE), SOFTWARE("macvlan"), .link = 4 },
		    { DEVICE(4, A, NONE), SOFTWARE("bond") },
		    { DEVICE(5, A, NONE), SOFTWARE("vlan"), .link = STANDBY, .master = 4 } },
		  CANDIDATE_STACKED, 0 },
		{ "the standby's bridge",
		  { { DEVICE(3, A, NONE), SOFTWARE("bridge") } },
		  CANDIDATE_STACKED, 3 },
		{ "the standby's other end",
		  { { DEVICE(3, A, NONE), SOFTWARE("veth"), .link = STANDBY } },
		  CANDIDATE_STACKED, 0 },
		{ "a port beside it",
		  { { DEVICE(3, A, A), .master = 4 }, { DEVICE(4, A, NONE), SOFTWARE("bridge") } },
		  CANDIDATE_HAS_MASTER, 4 },
	};

	(void)context;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct netdev standby = eth0;
		const struct netdev *devices[] = { &standby, &cases[i].devices[0],
						   &cases[i].devices[1], &cases[i].devices[2] };
		struct candidates_view view = { .devices = devices, .count = 1 };
		bool is_stacked = cases[i].verdict == CANDIDATE_STACKED;

		while (view.count < COUNT(devices) && devices[view.count]->ifindex)
			view.count++;
		standby.master = cases[i].master_of_standby;
		if (candidates_judge_owners(&view, &standby, devices[1]) != cases[i].verdict ||
		    candidates_are_stacked(devices, view.count, devices[1], &standby) != is_stacked)
			fail_msg("%s", cases[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_stacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
