/* SPDX-License-Identifier: GPL-2.0-only */
/* A device's name and its altnames. */
#include "../netdev_message.h"

#include <errno.h>
#include <string.h>

static void put_altname(struct nl_msg *message, const char *name, size_t size)
{
	struct nlattr *properties = nla_nest_start(message, IFLA_PROP_LIST);

	nla_put(message, IFLA_ALT_IFNAME, (int)size, name);
	nla_nest_end(message, properties);
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
	assert_false(netdev_is_called(&device, "ens") || netdev_is_called(&device, "eth1") ||
		     netdev_is_called(&device, ""));
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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_altnames),
		cmocka_unit_test(test_more_altnames_than_fit),
		cmocka_unit_test(test_hostile_altnames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
