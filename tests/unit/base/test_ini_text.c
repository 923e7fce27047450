/* SPDX-License-Identifier: GPL-2.0-only */
/* A configuration's lines, and which of two mistakes is reported. */
#include "base/ini_text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void check_lines(const char *bytes, size_t length, const char *blanks,
			const char *const *expected, enum ini_line end)
{
	struct ini_text text;
	char line[8];

	ini_text_begin(&text, bytes, length);
	for (int number = 1; *expected; number++, expected++) {
		assert_int_equal(ini_text_next(&text, blanks, line, sizeof(line)), INI_LINE);
		assert_string_equal(line, *expected);
		assert_int_equal(text.line, number);
	}
	assert_int_equal(ini_text_next(&text, blanks, line, sizeof(line)), end);
}

#define BYTES(text) text, sizeof(text) - 1

static void lines(void **state)
{
	static const char *const two[] = { "a = 1", "b", NULL }, *const none[] = { NULL },
				 *const one[] = { "a", NULL }, *const blank[] = { "", "a", NULL };

	(void)state;
	check_lines(BYTES("a = 1\nb\n"), " \t", two, INI_END);
	check_lines(BYTES("\xef\xbb\xbf \ta = 1 \n  b"), " \t", two, INI_END);
	check_lines(BYTES("\na"), " \t", blank, INI_END);
	check_lines(BYTES(""), " \t", none, INI_END);
	check_lines(BYTES("a\r\n"), " \t\r", one, INI_END);
	check_lines(BYTES("a\r\n"), " \t", none, INI_CONTROL);
	check_lines(BYTES("\va\n"), " \t\v", one, INI_END);
	check_lines(BYTES("\va\n"), " \t", none, INI_CONTROL);
	/* A NUL is no blank, though each text ends with one. */
	check_lines(BYTES("a\0\n"), " \t", none, INI_CONTROL);
	check_lines(BYTES("a\n1234567\n"), " \t", (const char *[]){ "a", "1234567", NULL },
		    INI_END);
	check_lines(BYTES("a\n12345678\n"), " \t", one, INI_LONG);
}

static void results(void **state)
{
	struct ini_text text;
	char message[64], line[8];

	(void)state;
	ini_text_begin(&text, BYTES("a\nb\nc\n"));
	assert_int_equal(ini_text_result(&text, 0, "f", message, sizeof(message)), 0);
	assert_int_equal(ini_text_result(&text, -1, "f", message, sizeof(message)), -ENOMEM);
	assert_int_equal(ini_text_result(&text, 3, "f", message, sizeof(message)), -EINVAL);
	assert_string_equal(message, "f:3: neither a [section] nor NAME = VALUE");
	ini_text_next(&text, " ", line, sizeof(line));
	ini_text_next(&text, " ", line, sizeof(line));
	assert_int_equal(ini_text_mistake(&text, "%s: first", line), 0);
	ini_text_mistake(&text, "second");
	assert_int_equal(ini_text_next(&text, " ", line, sizeof(line)), INI_END);
	assert_int_equal(ini_text_result(&text, 2, "f", message, sizeof(message)), -EINVAL);
	assert_string_equal(message, "f:2: b: first");
	assert_int_equal(ini_text_result(&text, 1, "f", message, sizeof(message)), -EINVAL);
	assert_string_equal(message, "f:1: neither a [section] nor NAME = VALUE");
}

static void keys(void **state)
{
	char name[8];

	(void)state;
	ini_text_key("a-b_c-d", name, sizeof(name));
	assert_string_equal(name, "a_b_c_d");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(results),
		cmocka_unit_test(keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
