/* SPDX-License-Identifier: GPL-2.0-only */
/* Every enumerator has a word, and a word of its own. */
#include "base/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The enums are a byte wide: all their values can be asked for. */
static const char *path_word(unsigned value)
{
	return words_path((enum vfsteer_path)value);
}

static const char *state_word(unsigned value)
{
	return words_primary_state((enum vfsteer_primary_state)value);
}

static const char *admin_word(unsigned value)
{
	return words_admin((enum vfsteer_admin)value);
}

static const char *cause_word(unsigned value)
{
	return words_cause((enum vfsteer_cause)value);
}

static const char *reach_word(unsigned value)
{
	return words_reach((enum vfsteer_reach)value);
}

static const char *down_reason_word(unsigned value)
{
	return words_down_reason((enum vfsteer_down_reason)value);
}

static const char *xdp_mirror_word(unsigned value)
{
	return words_xdp_mirror((enum vfsteer_xdp_mirror)value);
}

static const char *port_driver_word(unsigned value)
{
	return words_port_driver((enum vfsteer_port_driver)value);
}

static const char *port_obstacle_word(unsigned value)
{
	return words_port_obstacle((enum vfsteer_port_obstacle)value);
}

static const char *port_wait_word(unsigned value)
{
	return words_port_wait((enum vfsteer_port_wait)value);
}

static void expect_words(const char *(*word)(unsigned value), unsigned count)
{
	for (unsigned i = 0; i < 256; i++) {
		assert_non_null(word(i));
		if (i >= count) {
			assert_string_equal(word(i), "unknown");
			continue;
		}
		assert_string_not_equal(word(i), "unknown");
		assert_true(*word(i));
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(word(i), word(j));
	}
}

static void every_enumerator_has_its_own_word(void **state)
{
	(void)state;
	expect_words(path_word, VFSTEER_PATH_MAX);
	expect_words(state_word, PRIMARY_STATE_MAX);
	expect_words(admin_word, ADMIN_MAX);
	expect_words(cause_word, CAUSE_MAX);
	expect_words(down_reason_word, DOWN_REASON_MAX);
	expect_words(reach_word, REACH_MAX);
	expect_words(xdp_mirror_word, XDP_MIRROR_MAX);
	expect_words(port_driver_word, PORT_DRIVER_MAX);
	expect_words(port_obstacle_word, OBSTACLE_MAX);
	expect_words(port_wait_word, WAIT_MAX);
}

/*
 * Written out here so that none moves unnoticed: maps hold the numbers, and other versions read
 * them.
 */
static const char *const down_reasons[] = {
	"none",
	"set down",
	"no carrier",
	"detached by its driver",
	"other MAC than the standby",
	"other MTU than the standby",
	"no place for our program",
	"the standby's XDP program is not on it",
	"unreachable",
	"refuses the standby's MTU",
};

static const char *const causes[] = {
	"none",
	"agent started",
	"primary ready",
	"unplug announced",
	"unplugged",
	"driver unbound",
	"netdev unregistered",
	"set down",
	"carrier lost",
	"detached by its driver",
	"cannot send",
	"gone",
	"no longer matches the standby",
	"operator",
	"unload",
	"XDP program attached or detached",
	"in somebody else's use",
	"root qdisc replaced",
	"unreachable",
};

static void numbers_stay(void **state)
{
	(void)state;
	assert_int_equal(sizeof(down_reasons) / sizeof(*down_reasons), DOWN_REASON_MAX);
	for (unsigned i = 0; i < DOWN_REASON_MAX; i++)
		assert_string_equal(down_reason_word(i), down_reasons[i]);
	assert_int_equal(sizeof(causes) / sizeof(*causes), CAUSE_MAX);
	for (unsigned i = 0; i < CAUSE_MAX; i++)
		assert_string_equal(cause_word(i), causes[i]);
}

static void words_are_explained(void **state)
{
	(void)state;
	for (unsigned i = 0; i < DOWN_REASON_MAX; i++)
		assert_true(strlen(words_down_reason_explained((enum vfsteer_down_reason)i)) > 10);
	for (unsigned i = 0; i < CAUSE_MAX; i++)
		assert_true(strlen(words_cause_explained((enum vfsteer_cause)i)) > 10);
	assert_string_equal(words_down_reason_explained(DOWN_REASON_MAX), "unknown");
	assert_string_equal(words_cause_explained(CAUSE_MAX), "unknown");
}

static void words_of_the_contract(void **state)
{
	(void)state;
	assert_string_equal(words_path(PATH_PRIMARY), "primary");
	assert_string_equal(words_path(PATH_STANDBY), "standby");
	assert_string_equal(words_admin(ADMIN_AUTO), "auto");
	assert_string_equal(words_admin(ADMIN_PRIMARY), "primary");
	assert_string_equal(words_admin(ADMIN_STANDBY), "standby");
	assert_string_equal(words_primary_state(PRIMARY_ABSENT), "absent");
	assert_string_equal(words_primary_state(PRIMARY_JOINING), "joining");
	assert_string_equal(words_primary_state(PRIMARY_READY), "ready");
	assert_string_equal(words_primary_state(PRIMARY_LEAVING), "leaving");
	assert_string_equal(words_primary_state(PRIMARY_DOWN), "down");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_enumerator_has_its_own_word),
		cmocka_unit_test(numbers_stay),
		cmocka_unit_test(words_are_explained),
		cmocka_unit_test(words_of_the_contract),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
