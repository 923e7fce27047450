/* SPDX-License-Identifier: GPL-2.0-only */
/* What the agent takes for a request, and what not. */
#include "request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void requests(void **state)
{
	struct request request = request_parse("switch abcdefghijklmno standby");

	(void)state;
	assert_int_equal(request.kind, REQUEST_SWITCH);
	assert_string_equal(request.standby, "abcdefghijklmno");
	assert_int_equal(request.wish, ADMIN_STANDBY);
	assert_int_equal(request_parse("switch eth0 primary").wish, ADMIN_PRIMARY);
	assert_int_equal(request_parse("switch eth0 auto").kind, REQUEST_SWITCH);
	assert_int_equal(request_parse("unload").kind, REQUEST_UNLOAD);
}

static void others(void **state)
{
	static const char *const texts[] = { "",
					     "unload ",
					     "unloading",
					     "switch",
					     "switch ",
					     "switch eth0",
					     "switch eth0 ",
					     "switch  auto",
					     "switch eth0 sideways",
					     "switch eth0  auto",
					     "switch eth0 auto now",
					     "switch abcdefghijklmnop auto",
					     "Switch eth0 auto" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_int_equal(request_parse(texts[i]).kind, REQUEST_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
