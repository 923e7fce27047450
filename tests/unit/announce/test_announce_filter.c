/* SPDX-License-Identifier: GPL-2.0-only */
/* What the configuration keeps from being announced. */
#include "announce/announce.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#define MAC 0x52, 0x54, 0x00, 0x12, 0x34, 0x56

static struct announce_address address_of(const char *text)
{
	struct announce_address address = { .mac = { MAC } };

	if (!text)
		return address;
	address.family = strchr(text, ':') ? AF_INET6 : AF_INET;
	assert_int_equal(inet_pton(address.family, text, &address.v6), 1);
	return address;
}

static bool passes(enum vfsteer_announce what, const char *rule, const char *address)
{
	struct announce_rule rules[1] = { 0 };
	struct announce_filter filter = { .what = what, .rules = rules };
	struct announce_address announced = address_of(address);

	if (rule) {
		filter.count = 1;
		assert_true(announce_rule_parse(rule, rules));
	}
	return announce_filter_passes(&filter, &announced);
}

static void what_is_announced_at_all(void **state)
{
	(void)state;
	for (enum vfsteer_announce what = ANNOUNCE_ALL; what <= ANNOUNCE_OFF; what++) {
		assert_int_equal(passes(what, NULL, "192.0.2.1"), what == ANNOUNCE_ALL);
		assert_int_equal(passes(what, NULL, "2001:db8::1"), what == ANNOUNCE_ALL);
		assert_int_equal(passes(what, NULL, NULL), what != ANNOUNCE_OFF);
	}
}

static void exceptions(void **state)
{
	static const struct {
		const char *rule, *address;
		bool passes;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1", false },
		{ "192.0.2.1", "192.0.2.2", true },
		{ "192.0.2.1/24", "192.0.2.200", false },
		{ "192.0.2.0/25", "192.0.2.128", true },
		{ "192.0.2.0/25", "192.0.2.127", false },
		{ "192.0.2.128/31", "192.0.2.130", true },
		{ "0.0.0.0/0", "198.51.100.1", false },
		{ "0.0.0.0/0", "2001:db8::1", true },
		{ "::/0", "192.0.2.1", true },
		{ "2001:db8::/33", "2001:db8:7fff::1", false },
		{ "2001:db8::/33", "2001:db8:8000::1", true },
		{ "2001:db8::1", "2001:db8::1", false },
		{ "fe80::1/128", "fe80::2", true },
		{ "192.0.2.1", NULL, true }, /* RARP */
		{ "52:54:00:12:34:56", NULL, false },
		{ "52:54:00:12:34:56", "192.0.2.1", false },
		{ "52:54:00:12:34:56", "2001:db8::1", false },
		{ "52:54:00:12:34:57", NULL, true },
		{ "52:54:00:12:34:57", "192.0.2.1", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (passes(ANNOUNCE_ALL, rows[i].rule, rows[i].address) != rows[i].passes)
			fail_msg("%s, %s: passes is %d", rows[i].rule,
				 rows[i].address ? rows[i].address : "RARP", !rows[i].passes);
}

static void mistakes(void **state)
{
	static const char *const texts[] = {
		"",
		"/",
		"192.0.2",
		"192.0.2.1/",
		"192.0.2.1/33",
		"192.0.2.1/-1",
		"192.0.2.1/ 1",
		"192.0.2.1/1x",
		"2001:db8::/129",
		"52:54:00:12:34",
		"52:54:00:12:34:56/24",
		"01:00:5e:00:00:01",
		"eth0",
		"192.0.2.1/24/24",
		"2001:0db8:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001"
	};
	struct announce_rule rule = { .pair = "eth0" }, before = rule;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		if (announce_rule_parse(texts[i], &rule))
			fail_msg("taken: %s", texts[i]);
		assert_memory_equal(&rule, &before, sizeof(rule));
	}
	assert_true(announce_rule_parse("192.0.2.1", &rule));
	assert_string_equal(rule.pair, "eth0");
}

static void rules_of_pairs(void **state)
{
	struct announce_rule rules[] = { { .pair = "" }, { .pair = "eth0" } };
	struct announce_filter filter = { .rules = rules, .count = 2, .pair = "eth0" };
	struct announce_address one, other;

	(void)state;
	assert_true(announce_rule_parse("192.0.2.1", &rules[0]) &&
		    announce_rule_parse("192.0.2.2", &rules[1]));
	one = address_of("192.0.2.1");
	other = address_of("192.0.2.2");
	assert_int_equal(announce_filter_count(&filter), 2);
	assert_false(announce_filter_passes(&filter, &one));
	assert_false(announce_filter_passes(&filter, &other));
	filter.pair = "eth1";
	assert_int_equal(announce_filter_count(&filter), 1);
	assert_false(announce_filter_passes(&filter, &one));
	assert_true(announce_filter_passes(&filter, &other));
	filter.pair = NULL;
	assert_true(announce_filter_passes(&filter, &other));
}

static void a_list_leaves_out_what_is_kept_back(void **state)
{
	struct announcement list = { .filter.what = ANNOUNCE_MACS };
	struct announce_address address = address_of("192.0.2.1"), mac = address_of(NULL);

	(void)state;
	for (int round = 0; round < 2; round++) {
		assert_int_equal(announcement_add(&list, &address), 0);
		assert_int_equal(announcement_add(&list, &mac), 0);
		assert_int_equal(list.count, 1);
		announcement_clear(&list);
	}
	announcement_free(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_announced_at_all),
		cmocka_unit_test(exceptions),
		cmocka_unit_test(mistakes),
		cmocka_unit_test(rules_of_pairs),
		cmocka_unit_test(a_list_leaves_out_what_is_kept_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
