/* SPDX-License-Identifier: GPL-2.0-only */
/* What a named primary was, and which device may be it. */
#include "candidates_devices.h"
#include "policy/identity.h"

/*
 * What a named primary was, and which device may be it: by its permanent MAC under any name, by its
 * address, or by MAC and name.
 */
static void test_identities(void **context)
{
	const struct netdev vf = { DEVICE(3, A, A), ON_PCI("iavf", "0000:02:00.0"),
				   .name = "eth1" };
	const struct netdev moved = { DEVICE(4, B, A), ON_PCI("mlx5_core", "0000:07:00.0"),
				      .name = "eth7" };
	const struct netdev stranger = { DEVICE(5, A, B), ON_PCI("iavf", "0000:02:00.0"),
					 .name = "eth1" };
	const struct netdev ipvlan = { DEVICE(6, A, A), SOFTWARE("ipvlan"), .name = "ipv0" };
	const struct netdev random = { DEVICE(3, B, NONE), ON_PCI("igbvf", "0000:02:00.0"),
				       .name = "eth1" };
	const struct netdev random_again = { DEVICE(4, A, NONE), ON_PCI("igbvf", "0000:02:00.0"),
					     .name = "eth2" };
	const struct netdev random_elsewhere = { DEVICE(4, B, NONE),
						 ON_PCI("igbvf", "0000:03:00.0"), .name = "eth1" };
	const struct netdev veth = { DEVICE(3, A, NONE), SOFTWARE("veth"), .name = "eth1",
				     .altnames = "other\0more\0" };
	const struct netdev other_veth = { DEVICE(3, B, NONE), SOFTWARE("veth"), .name = "eth1" };
	const struct {
		const struct netdev *first, *device;
		bool if_called, if_not;
	} cases[] = {
		{ &vf, &vf, true, true },
		{ &vf, &moved, true, true },
		{ &vf, &stranger, false, false },
		{ &vf, &ipvlan, true, false },
		{ &vf, &random, false, false },
		{ &random, &random, true, true },
		{ &random, &random_again, true, true },
		{ &random, &random_elsewhere, false, false },
		{ &random, &vf, false, false },
		{ &veth, &veth, true, false },
		{ &veth, &other_veth, false, false },
		{ &veth, &random_again, false, false },
		{ &veth, &stranger, false, false },
	};
	struct identity none = { 0 };
	char text[IDENTITY_TEXT_SIZE];

	(void)context;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct identity identity = identity_of(cases[i].first);

		assert_true(identity_is_pinned(&identity));
		if (identity_matches(&identity, cases[i].device, NULL, true) !=
			    cases[i].if_called ||
		    identity_matches(&identity, cases[i].device, NULL, false) != cases[i].if_not)
			fail_msg("case %zu", i);
		identity_describe(&identity, text);
		assert_in_range(strlen(text), 20, IDENTITY_TEXT_SIZE - 2);
	}
	assert_false(identity_is_pinned(&none));
	assert_true(identity_is_called(&veth, identity_hash_name("eth1")) &&
		    identity_is_called(&veth, identity_hash_name("more")));
	assert_false(identity_is_called(&veth, identity_hash_name("eth2")) ||
		     identity_is_called(&veth, 0));
	assert_int_equal(identity_hash_name("a"), 0xe40c292c); /* of its authors' test vectors */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identities),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
