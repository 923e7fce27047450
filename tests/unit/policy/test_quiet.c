/* SPDX-License-Identifier: GPL-2.0-only */
/* When a pair that sends nothing is announced again. */
#include "policy/quiet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SECOND 1000000000ULL
#define INTERVAL (150 * SECOND)
#define START (7 * SECOND)

/* Looks when it is due until @until_ns; how often it was announced. @sends: between all looks. */
static unsigned run(struct quiet *quiet, uint64_t *now_ns, uint64_t until_ns, uint64_t *tx_packets,
		    bool sends)
{
	unsigned announced = 0;
	uint32_t random = 12345;

	while (*now_ns < until_ns) {
		if (!quiet_is_due(quiet, *now_ns)) {
			*now_ns = quiet->look_ns;
			continue;
		}
		*tx_packets += sends;
		announced += quiet_look(quiet, *tx_packets, *now_ns, INTERVAL,
					random = random * 1664525u + 1013904223u);
	}
	return announced;
}

static void silent_pair_is_announced(void **state)
{
	struct quiet quiet = { 0 };
	uint64_t now_ns = START, tx_packets = 3;
	unsigned announced = run(&quiet, &now_ns, START + 1000 * INTERVAL, &tx_packets, false);

	(void)state;
	assert_in_range(announced, 980, 1020);
}

static void busy_pair_adds_nothing(void **state)
{
	struct quiet quiet = { 0 };
	uint64_t now_ns = START, tx_packets = 3;

	(void)state;
	assert_int_equal(run(&quiet, &now_ns, START + 1000 * INTERVAL, &tx_packets, true), 0);
}

/*
 * However the looks fall: from the last frame to the announcement there are less than 300 s, and
 * more than the interval less a tenth.
 */
static void silence_is_bounded(void **state)
{
	(void)state;
	for (uint32_t random = 0; random < 5000; random++) {
		struct quiet quiet = { 0 };
		uint64_t now_ns = START, sent_ns, step_ns = random * 7919ULL % 75 * SECOND;

		assert_false(quiet_look(&quiet, 1, now_ns, INTERVAL, random));
		assert_in_range(quiet.look_ns - now_ns, INTERVAL / 20 * 9, INTERVAL / 20 * 11);
		sent_ns = now_ns + step_ns < quiet.look_ns ? now_ns + step_ns : now_ns;
		do
			now_ns = quiet.look_ns;
		while (!quiet_look(&quiet, 2, now_ns, INTERVAL, random * 31 + (uint32_t)now_ns));
		assert_in_range(now_ns - sent_ns, INTERVAL / 10 * 9, 299 * SECOND);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silent_pair_is_announced),
		cmocka_unit_test(busy_pair_adds_nothing),
		cmocka_unit_test(silence_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
