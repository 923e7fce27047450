/* SPDX-License-Identifier: GPL-2.0-only */
/* When nothing is in flight on a primary. */
#include "policy/drain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../seed.h"

#define START 1000000000ULL

static const struct drain_sample quiet = {
	.has_primary = true,
	.standby_carries = true,
	.sent = 7,
	.received_alone = 3,
};

struct run {
	struct drain drain;
	uint64_t now_ns;
};

/* Takes @count samples. Returns the last result. */
static enum drain_obstacle look(struct run *run, const struct drain_sample *sample, unsigned count)
{
	enum drain_obstacle obstacle = DRAIN_CLEAR;

	for (; count; count--) {
		run->now_ns += DRAIN_LOOK_NS;
		obstacle = drain_look(&run->drain, sample, run->now_ns);
	}
	return obstacle;
}

#define WINDOW (DRAIN_REST_NS / DRAIN_LOOK_NS)
#define ENOUGH (3 * WINDOW)

static void rest_takes_time(void **state)
{
	struct run run = { .now_ns = START };

	(void)state;
	assert_int_equal(look(&run, &quiet, 1), DRAIN_SETTLES);
	assert_int_equal(look(&run, &quiet, WINDOW), DRAIN_SETTLES);
	assert_int_equal(look(&run, &quiet, ENOUGH), DRAIN_CLEAR);
}

static void no_primary_is_clear(void **state)
{
	struct run run = { .now_ns = START };
	const struct drain_sample none = { .has_primary = false };

	(void)state;
	assert_int_equal(look(&run, &none, 1), DRAIN_CLEAR);
	/* The next primary is looked at for itself. */
	assert_int_equal(look(&run, &quiet, 1), DRAIN_SETTLES);
	assert_int_equal(look(&run, &none, 1), DRAIN_CLEAR);
}

static void each_obstacle(void **state)
{
	struct drain_sample sample = quiet;
	struct run run = { .now_ns = START };

	(void)state;
	assert_int_equal(look(&run, &quiet, ENOUGH), DRAIN_CLEAR);
	sample.queued = 1;
	assert_int_equal(look(&run, &sample, 1), DRAIN_QUEUED);
	assert_int_equal(look(&run, &quiet, WINDOW - 1), DRAIN_SETTLES);
	assert_int_equal(look(&run, &quiet, 2), DRAIN_CLEAR);
	sample = quiet;
	sample.sent++;
	assert_int_equal(look(&run, &sample, 1), DRAIN_SENDS);
	assert_int_equal(look(&run, &sample, WINDOW + 1), DRAIN_CLEAR);
	sample.standby_carries = false;
	assert_int_equal(look(&run, &sample, ENOUGH), DRAIN_NO_CARRIER);
	sample.standby_carries = true;
	sample.received_alone++;
	look(&run, &sample, 2 * WINDOW);
	assert_int_equal(look(&run, &sample, ENOUGH), DRAIN_CLEAR);
}

/* One frame in each window that the primary alone brings. */
static void receiving_is_no_rest(void **state)
{
	struct drain_sample sample = quiet;
	struct run run = { .now_ns = START };

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		sample.received_alone++;
		assert_int_not_equal(look(&run, &sample, WINDOW), DRAIN_CLEAR);
	}
	assert_int_equal(look(&run, &sample, ENOUGH), DRAIN_CLEAR);
}

/* Both wires bring all: at any time up to five copies of the standby's are still to come. */
static void copies_on_their_way_are_rest(void **state)
{
	struct run run = { .now_ns = START };
	unsigned clear = 0;

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		struct drain_sample sample = quiet;

		sample.received_alone += (uint64_t)(rand() % 6);
		clear += look(&run, &sample, 1) == DRAIN_CLEAR;
	}
	assert_true(clear > 300);
}

/* Counters that are not read at one moment: below where it began, and wrapped. */
static void differences_may_be_negative(void **state)
{
	struct drain_sample sample = quiet;
	struct run run = { .now_ns = START };
	unsigned receives = 0;

	(void)state;
	sample.received_alone = 1;
	look(&run, &sample, 1);
	sample.received_alone = UINT64_MAX - 1;
	assert_int_equal(look(&run, &sample, ENOUGH), DRAIN_CLEAR);
	sample.received_alone = 2;
	for (unsigned i = 0; i < ENOUGH; i++)
		receives += look(&run, &sample, 1) == DRAIN_RECEIVES;
	assert_int_equal(receives, WINDOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rest_takes_time),
		cmocka_unit_test(no_primary_is_clear),
		cmocka_unit_test(each_obstacle),
		cmocka_unit_test(receiving_is_no_rest),
		cmocka_unit_test(copies_on_their_way_are_rest),
		cmocka_unit_test(differences_may_be_negative),
	};

	seed_random();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
