/* SPDX-License-Identifier: GPL-2.0-only */
/* When it is reported that a program is not in its place, or is there again. */
#include "port/placed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SECOND_NS 1000000000ULL

static void each_change_is_reported_once(void **state)
{
	struct placed placed = { 0 };

	(void)state;
	assert_false(placed_note(&placed, "", 1));
	assert_true(placed_note(&placed, "a is first", SECOND_NS));
	assert_string_equal(placed.why, "a is first");
	assert_false(placed_note(&placed, "a is first", 2 * SECOND_NS));
	assert_true(placed_note(&placed, "b is first", 3 * SECOND_NS));
	assert_false(placed_note(&placed, "", 4 * SECOND_NS));
	assert_false(placed_note(&placed, "", 5 * SECOND_NS));
	assert_true(placed_note(&placed, "", 6 * SECOND_NS));
	assert_string_equal(placed.why, "");
	assert_false(placed_note(&placed, "", 9 * SECOND_NS));
}

/* A program that keeps taking the place is reported once. */
static void a_moment_is_not_reported(void **state)
{
	struct placed placed = { 0 };
	uint64_t now_ns = SECOND_NS;

	(void)state;
	assert_true(placed_note(&placed, "a is first", now_ns));
	for (int i = 0; i < 5; i++) {
		assert_false(placed_note(&placed, "", now_ns += SECOND_NS));
		assert_false(placed_note(&placed, "a is first", now_ns += SECOND_NS));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_change_is_reported_once),
		cmocka_unit_test(a_moment_is_not_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
