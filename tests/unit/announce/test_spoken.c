/* SPDX-License-Identifier: GPL-2.0-only */
/* Who has sent in recent time, and whose MAC is a virtual router's. */
#include "announce/macs.h"
#include "announce/spoken.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SECOND 1000000000ULL
#define START (1000 * SECOND)

static void silence_is_forgotten(void **state)
{
	struct spoken spoken = { 0 };

	(void)state;
	assert_false(spoken_recently(&spoken, 5, 0, START));
	assert_false(spoken_recently(&spoken, 5, 0, START + SECOND));
	assert_true(spoken_recently(&spoken, 5, 1, START + 2 * SECOND));
	assert_true(spoken_recently(&spoken, 5, 1, START + 301 * SECOND));
	assert_false(spoken_recently(&spoken, 5, 1, START + 302 * SECOND));
	assert_true(spoken_recently(&spoken, 5, 2, START + 303 * SECOND));
	spoken_free(&spoken);
	assert_null(spoken.list);
}

static void what_has_sent_before_the_first_look_counts(void **state)
{
	struct spoken spoken = { 0 };

	(void)state;
	assert_true(spoken_recently(&spoken, 5, 7, START));
	assert_false(spoken_recently(&spoken, 5, 7, START + 300 * SECOND));
	spoken_free(&spoken);
}

static void a_counter_that_fell_is_another_devices(void **state)
{
	struct spoken spoken = { 0 };

	(void)state;
	assert_true(spoken_recently(&spoken, 5, 7, START));
	assert_false(spoken_recently(&spoken, 5, 0, START + SECOND));
	assert_true(spoken_recently(&spoken, 5, 3, START + 2 * SECOND));
	assert_true(spoken_recently(&spoken, 5, 2, START + 400 * SECOND));
	spoken_free(&spoken);
}

static void devices_differ(void **state)
{
	struct spoken spoken = { 0 };

	(void)state;
	for (int i = 1; i <= 1000; i++)
		assert_int_equal(spoken_recently(&spoken, i, i % 2, START), i % 2);
	for (int i = 1; i <= 1000; i++)
		assert_int_equal(spoken_recently(&spoken, i, i % 2, START + SECOND), i % 2);
	assert_int_equal(spoken.count, 1000);
	spoken_sweep(&spoken);
	assert_int_equal(spoken.count, 1000);
	assert_true(spoken_recently(&spoken, 7, 1, START + 2 * SECOND));
	spoken_sweep(&spoken);
	assert_int_equal(spoken.count, 1);
	assert_false(spoken_recently(&spoken, 7, 1, START + 300 * SECOND));
	spoken_free(&spoken);
}

static void virtual_routers_by_their_macs(void **state)
{
	(void)state;
	assert_true(macs_is_virtual_router((uint8_t[]){ 0x00, 0x00, 0x5e, 0x00, 0x01, 0x33 }));
	assert_true(macs_is_virtual_router((uint8_t[]){ 0x00, 0x00, 0x5e, 0x00, 0x02, 0xff }));
	assert_false(macs_is_virtual_router((uint8_t[]){ 0x00, 0x00, 0x5e, 0x00, 0x03, 0x33 }));
	assert_false(macs_is_virtual_router((uint8_t[]){ 0x52, 0x54, 0x00, 0x00, 0x01, 0x33 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silence_is_forgotten),
		cmocka_unit_test(what_has_sent_before_the_first_look_counts),
		cmocka_unit_test(a_counter_that_fell_is_another_devices),
		cmocka_unit_test(devices_differ),
		cmocka_unit_test(virtual_routers_by_their_macs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
