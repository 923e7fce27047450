/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/hints.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void nothing_set_nothing_said(void **state)
{
	const struct hints_view view = { .standby = "eth0" };
	struct hint hints[HINTS_MAX];

	(void)state;
	assert_int_equal(hints_check(&view, hints), 0);
}

static void each_family_has_its_own(void **state)
{
	struct hints_view view = { .standby = "eth0",
				   .has_carrier = true,
				   .ipv6_ignores_linkdown = true };
	struct hint hints[HINTS_MAX];

	(void)state;
	assert_int_equal(hints_check(&view, hints), 1);
	assert_false(hints[0].is_now);
	assert_non_null(strstr(hints[0].what, "net.ipv6.conf"));
	assert_non_null(
		strstr(hints[0].remedy, "net.ipv6.conf.eth0.ignore_routes_with_linkdown=0;"));
	view.has_carrier = false;
	view.ipv4_ignores_linkdown = true;
	assert_int_equal(hints_check(&view, hints), 2);
	assert_true(hints[0].is_now && hints[1].is_now);
	assert_non_null(
		strstr(hints[0].remedy,
		       "net.ipv4.conf.eth0.ignore_routes_with_linkdown=0 and that of conf.all;"));
}

/* The longest name there can be, and nothing is cut off. */
static void longest_name_fits(void **state)
{
	const struct hints_view view = { .standby = "fifteen-letters",
					 .ipv4_ignores_linkdown = true };
	struct hint hints[HINTS_MAX];

	(void)state;
	assert_int_equal(hints_check(&view, hints), 1);
	assert_non_null(strstr(hints[0].what, "primary works"));
	assert_non_null(strstr(hints[0].remedy, "(NetworkManager)"));
}

static void net_failover_standby_without_carrier(void **context)
{
	struct hints_view view = { .kind = KIND_NET_FAILOVER,
				   .standby = "eth1",
				   .has_carrier = true,
				   .ipv4_ignores_linkdown = true };
	struct hint hints[HINTS_MAX];

	(void)context;
	assert_int_equal(hints_check(&view, hints), 0);
	view.has_carrier = false;
	assert_int_equal(hints_check(&view, hints), 1);
	assert_true(hints[0].is_now);
	assert_non_null(strstr(hints[0].what, "eth1 has no carrier"));
	assert_non_null(strstr(hints[0].remedy, "domif-setlink"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_set_nothing_said),
		cmocka_unit_test(each_family_has_its_own),
		cmocka_unit_test(longest_name_fits),
		cmocka_unit_test(net_failover_standby_without_carrier),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
