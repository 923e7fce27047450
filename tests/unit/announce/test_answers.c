/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For which addresses the kernel answers: the table in answers.h.
 * tests/netns/pair/test_announce_ours.py asks a kernel.
 */
#include "announce/answers.h"
#include "netdev/netdev_table.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DEVICE 2
#define ADDRESS(said, length, ...) { .text = said, .prefix_length = length, ##__VA_ARGS__ }

struct device_address {
	const char *text;
	uint8_t prefix_length, scope;
	const char *peer; /* NULL: none */
	uint32_t flags;
};

static struct netdev_table *table_new(uint32_t flags)
{
	struct netdev_table *table = calloc(1, sizeof(*table));
	struct netdev device = { .ifindex = DEVICE, .name = "eth0", .flags = flags };

	assert_non_null(table);
	assert_int_equal(netdev_device_put(table, &device), NETDEV_LINKS);
	return table;
}

static void table_free(struct netdev_table *table)
{
	free(table->devices);
	free(table->addresses);
	free(table);
}

static struct netdev_address put(struct netdev_table *table, const struct device_address *said)
{
	struct netdev_address address;

	memset(&address, 0, sizeof(address));
	address.ifindex = DEVICE;
	address.family = strchr(said->text, ':') ? AF_INET6 : AF_INET;
	address.prefix_length = said->prefix_length;
	address.scope = said->scope;
	address.flags = said->flags;
	assert_int_equal(inet_pton(address.family, said->text, &address.v6), 1);
	if (address.family == AF_INET)
		inet_pton(AF_INET, said->peer ? said->peer : said->text, &address.network);
	assert_int_equal(netdev_address_put(table, &address), NETDEV_ADDRESSES);
	return address;
}

static bool answers(const struct netdev_table *table, const struct netdev_address *address,
		    unsigned arp_ignore)
{
	return answers_for(table, netdev_by_index(table, DEVICE), address, arp_ignore);
}

static void arp_ignore_decides(void **state)
{
	static const struct {
		struct device_address address;
		bool answered[9]; /* by arp_ignore */
	} rows[] = {
		{ ADDRESS("192.0.2.1", 24), { 1, 1, 1, 1, 1, 1, 1, 1, 0 } },
		{ ADDRESS("192.0.2.5", 24, .flags = IFA_F_SECONDARY),
		  { 1, 1, 1, 1, 1, 1, 1, 1, 0 } },
		/* a load balancer's */
		{ ADDRESS("198.51.100.1", 32), { 1, 1, 0, 1, 1, 1, 1, 1, 0 } },
		/* likewise, inside the /24 */
		{ ADDRESS("192.0.2.9", 32), { 1, 1, 1, 1, 1, 1, 1, 1, 0 } },
		{ ADDRESS("198.51.100.2", 32, .peer = "198.51.100.3"),
		  { 1, 0, 0, 0, 1, 1, 1, 1, 0 } },
		{ ADDRESS("203.0.113.1", 31), { 1, 1, 1, 1, 1, 1, 1, 1, 0 } },
		{ ADDRESS("192.0.2.7", 24, .scope = RT_SCOPE_HOST), { 1, 1, 1, 0, 1, 1, 1, 1, 0 } },
		{ ADDRESS("192.0.2.8", 24, .scope = RT_SCOPE_LINK), { 1, 1, 1, 1, 1, 1, 1, 1, 0 } },
		{ ADDRESS("127.0.0.2", 8, .scope = RT_SCOPE_HOST), { 0 } },
		{ ADDRESS("224.0.0.5", 32), { 0 } },
		{ ADDRESS("2001:db8::1", 64), { 1, 1, 1, 1, 1, 1, 1, 1, 1 } },
		{ ADDRESS("2001:db8::2", 64, .flags = IFA_F_DEPRECATED),
		  { 1, 1, 1, 1, 1, 1, 1, 1, 1 } },
		{ ADDRESS("2001:db8::3", 64, .flags = IFA_F_TENTATIVE), { 0 } },
		{ ADDRESS("2001:db8::4", 64, .flags = IFA_F_TENTATIVE | IFA_F_DADFAILED), { 0 } },
		{ ADDRESS("2001:db8::5", 64, .flags = IFA_F_OPTIMISTIC), { 0 } },
		{ ADDRESS("ff02::5", 64), { 0 } },
		{ ADDRESS("::1", 128), { 0 } },
	};
	struct netdev_table *table = table_new(IFF_UP);
	struct netdev_address addresses[sizeof(rows) / sizeof(*rows)];

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		addresses[i] = put(table, &rows[i].address);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (unsigned value = 0; value <= 8; value++)
			if (answers(table, &addresses[i], value) != rows[i].answered[value])
				fail_msg("%s, arp_ignore %u: answered is %d", rows[i].address.text,
					 value, !rows[i].answered[value]);
	/* A value that the kernel does not know is as 0 to it. */
	assert_true(answers(table, &addresses[0], 9));
	table_free(table);
}

static void devices_that_do_not_answer(void **state)
{
	static const uint32_t flags[] = { 0, IFF_NOARP, IFF_UP | IFF_NOARP };
	static const struct device_address v4 = ADDRESS("192.0.2.1", 24),
					   v6 = ADDRESS("2001:db8::1", 64);

	(void)state;
	for (unsigned i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		struct netdev_table *table = table_new(flags[i]);
		struct netdev_address address = put(table, &v4);

		assert_false(answers(table, &address, 0));
		address = put(table, &v6);
		assert_false(answers(table, &address, 0));
		table_free(table);
	}
}

static void settings_that_cannot_be_read_are_zero(void **state)
{
	(void)state;
	assert_false(answers_as_router("no such device"));
	assert_int_equal(answers_arp_ignore("no such device"), answers_arp_ignore("neither this"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arp_ignore_decides),
		cmocka_unit_test(devices_that_do_not_answer),
		cmocka_unit_test(settings_that_cannot_be_read_are_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
