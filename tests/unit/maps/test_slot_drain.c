/* SPDX-License-Identifier: GPL-2.0-only */
/* What a slot keeps of a drain. */
#include "maps/slot_drain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SECOND 1000000000ULL
#define DAY (86400 * SECOND)
#define UNIT (1ULL << 20)

static void keeps_what_was_before_the_first(void **state)
{
	struct vfsteer_pair slot = { 0 };

	(void)state;
	assert_int_equal(slot_drain(&slot), DRAIN_NONE);
	slot_drain_note(&slot, DRAIN_DONE);
	assert_int_equal(slot_drain(&slot), DRAIN_NONE);
	slot_drain_begin(&slot, ADMIN_PRIMARY, 60 * SECOND);
	assert_int_equal(slot_drain(&slot), DRAIN_WAITING);
	slot_drain_note(&slot, DRAIN_DONE);
	assert_int_equal(slot_drain(&slot), DRAIN_DONE);
	slot_drain_begin(&slot, ADMIN_STANDBY, 0);
	assert_int_equal(slot_drain(&slot), DRAIN_WAITING);
	assert_true(slot_drain_until_ns(&slot, SECOND) == 0);
	assert_int_equal(slot_drain_end(&slot), ADMIN_PRIMARY);
	assert_int_equal(slot_drain(&slot), DRAIN_NONE);
	assert_int_equal(slot_drain_end(&slot), ADMIN_AUTO);
}

/* At any age of the machine, also where the 32 bits of the map wrap. */
static void time_is_kept(void **state)
{
	const uint64_t wrap_ns = (uint64_t)UINT32_MAX << 20;

	(void)state;
	for (uint64_t now_ns = SECOND; now_ns < 2 * wrap_ns; now_ns += wrap_ns / 7 + 12345) {
		struct vfsteer_pair slot = { 0 };
		uint64_t until_ns = now_ns + DAY;

		slot_drain_begin(&slot, ADMIN_AUTO, until_ns);
		assert_in_range(until_ns - slot_drain_until_ns(&slot, now_ns), 0, UNIT);
		assert_in_range(until_ns - slot_drain_until_ns(&slot, until_ns + DAY), 0, UNIT);
	}
}

static void wrapped_to_zero_is_a_time(void **state)
{
	struct vfsteer_pair slot = { 0 };
	const uint64_t wrapped_ns = 1ULL << 52;

	(void)state;
	slot_drain_begin(&slot, ADMIN_AUTO, wrapped_ns);
	assert_true(slot_drain_until_ns(&slot, wrapped_ns - SECOND) == wrapped_ns + UNIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_was_before_the_first),
		cmocka_unit_test(time_is_kept),
		cmocka_unit_test(wrapped_to_zero_is_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
