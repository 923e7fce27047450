/* SPDX-License-Identifier: GPL-2.0-only */
/* Pauses between the frames of an announcement. */
#include "announce/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void pauses_between_bursts(void **state)
{
	struct pace pace = { 0 };
	uint64_t waited_ns = 0;

	(void)state;
	for (unsigned i = 0; i < PACE_BURST; i++)
		assert_int_equal(pace_next(&pace), 0);
	assert_int_equal(pace_next(&pace), PACE_PAUSE_NS);
	assert_int_equal(pace_next(&pace), 0);
	for (unsigned i = PACE_BURST + 2; i < 10 * PACE_BURST; i++)
		waited_ns += pace_next(&pace);
	assert_int_equal(waited_ns, 8 * PACE_PAUSE_NS);
}

static void patience_ends(void **state)
{
	struct pace pace = { 0 };

	(void)state;
	for (unsigned i = 0; i < PACE_PATIENCE; i++)
		assert_int_equal(pace_again(&pace), PACE_PAUSE_NS);
	assert_int_equal(pace_again(&pace), 0);
	assert_int_equal(pace_again(&pace), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pauses_between_bursts),
		cmocka_unit_test(patience_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
