/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How long a primary that has failed waits: the penalties, and what they make of a flapping link.
 */
#include "policy/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MS 1000000ULL

/* The wait doubles with each early failure, up to a limit, and is forgiven after fair service. */
static void test_penalty(void **context)
{
	static const unsigned penalties_ms[] = { 0,    100,  200,   400,   800,	  1600,
						 3200, 6400, 12800, 25600, 30000, 30000 };
	uint8_t failures = 0;

	(void)context;
	for (size_t i = 0; i < sizeof(penalties_ms) / sizeof(penalties_ms[0]); i++) {
		assert_int_equal(failures, i);
		assert_int_equal(policy_penalty_ns(failures), penalties_ms[i] * MS);
		failures = policy_failures(failures, 10 * MS);
	}
	assert_int_equal(policy_failures(failures, 4999 * MS), failures + 1);
	assert_int_equal(policy_failures(failures, 5000 * MS), 0);
	assert_int_equal(policy_failures(UINT8_MAX, 0), UINT8_MAX);
	assert_int_equal(policy_penalty_ns(UINT8_MAX), 30000 * MS);
}

static void test_retry(void **context)
{
	static const struct vfsteer_state failed = { PATH_STANDBY, PRIMARY_DOWN, ADMIN_AUTO,
						     CAUSE_CARRIER_LOST, 6 },
					  moved = { PATH_STANDBY, PRIMARY_READY, ADMIN_STANDBY,
						    CAUSE_OPERATOR, 6 },
					  active = { PATH_PRIMARY, PRIMARY_READY, ADMIN_AUTO,
						     CAUSE_PRIMARY_READY, 7 };

	(void)context;
	assert_int_equal(policy_retry_ns(failed, 3, 1000 * MS), 1400 * MS);
	assert_int_equal(policy_retry_ns(failed, 0, 1000 * MS), 0);
	assert_int_equal(policy_retry_ns(moved, 3, 1000 * MS), 0);
	assert_int_equal(policy_retry_ns(active, 3, 1000 * MS), 0);
}

/*
 * A link that is up and down in turns for a minute, seen by agent and data path at once: the number
 * of switches is bounded by the sum of the penalties, not by the number of flaps.
 */
static void test_flaps(void **context)
{
	static const unsigned periods_ms[] = { 2, 20, 100, 500, 2000, 9000 };

	(void)context;
	for (size_t i = 0; i < sizeof(periods_ms) / sizeof(periods_ms[0]); i++) {
		struct policy_view view = {
			.state = { PATH_STANDBY, PRIMARY_JOINING, ADMIN_AUTO, CAUSE_NONE, 0 },
			.standby_carrier = true,
			.primary_exists = true,
			.primary_is_read = true,
			.primary_prepared = true,
			.primary_matches = true,
			.primary_running = true,
		};
		const struct policy_limits no_delay = { .leaving_timeout_ns = 15000 * MS };
		uint64_t switched_ns = 0, held_ns = 0;
		uint8_t failures = 0;
		unsigned lost = 0;

		for (uint64_t now_ms = 1; now_ms <= 60000; now_ms++) {
			bool carrier = now_ms / periods_ms[i] % 2;

			view.now_ns = now_ms * MS;
			if (carrier && !view.primary_carrier)
				view.carrier_since_ns = view.now_ns;
			view.primary_carrier = carrier;
			for (int step = 0; step < 2; step++) {
				enum vfsteer_path before = view.state.active;

				view.retry_ns = policy_retry_ns(view.state, failures, switched_ns);
				view.state = policy_decide(&view, &no_delay).wanted;
				if (view.state.active == before)
					continue;
				if (before == PATH_PRIMARY) {
					failures = policy_failures(failures,
								   view.now_ns - switched_ns);
					held_ns += policy_penalty_ns(failures);
					lost++;
				} else {
					assert_true(view.now_ns >= view.retry_ns);
				}
				switched_ns = view.now_ns;
			}
		}
		/*
		 * One who is held back is not used: but for the last, all penalties were sat out.
		 */
		assert_true(held_ns <= 60000 * MS + 30000 * MS);
		assert_true(lost > 0);
		assert_true(periods_ms[i] >= 5000 || lost <= 12);
		assert_true(periods_ms[i] < 5000 || !failures);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_penalty),
		cmocka_unit_test(test_retry),
		cmocka_unit_test(test_flaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
