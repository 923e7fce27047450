/* SPDX-License-Identifier: GPL-2.0-only */
/* What is masked of a text, and what stays. */
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void masks(void **state)
{
	static const struct {
		const char *text, *masked;
	} cases[] = {
		{ "", "" },
		{ "eth0 ~", "eth0 ~" },
		{ "a\nb\x1b[2J\x7f", "a?b?[2J?" },
		{ "w\xc3\xa4n\xe3\x83\x8d\xf0\x9f\x98\x80",
		  "w\xc3\xa4n\xe3\x83\x8d\xf0\x9f\x98\x80" },
		{ "\xc2\x9b\x32J", "??2J" }, /* CSI of C1 */
		{ "\xc2\xa0", "\xc2\xa0" },
		{ "\xc0\xaf\xe0\x80\xaf", "?????" }, /* longer than need be */
		/* a surrogate; past the last character */
		{ "\xed\xa0\x80\xf4\x90\x80\x80", "???????" },
		{ "\xff\xfe\x80", "???" },
		{ "\xe3\x83", "??" }, /* cut short */
		{ "\xe3\x83z", "??z" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[64];

		snprintf(text, sizeof(text), "%s", cases[i].text);
		text_mask(text);
		assert_string_equal(text, cases[i].masked);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(masks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
