/* SPDX-License-Identifier: GPL-2.0-only */
/* The words and sentences for a rejected device. */
#include "candidates_devices.h"

#define LONGEST V6(0xfd, 0x77, 0x11, 0x11)

/*
 * Every reason is a word of its own and a sentence that fits, of the longest names, with what to do
 * where something can be done.
 */
static void test_words(void **context)
{
	const struct netdev master = { .ifindex = 9,
				       .name = "abcdefghijklmnq",
				       .kind = "klmnopqrstuvwxy",
				       .link = 3 },
			    *devices[] = { &master };
	const struct netdev_address address = {
		.ifindex = 3, .family = AF_INET6, .prefix_length = 128, .v6 = LONGEST
	};
	const struct candidates_view view = { .devices = devices,
					      .count = 1,
					      .addresses = { &address, 1 } };
	const struct identity identity = { .mac = { 0x52, 0x54, 0, 0, 0, A } };
	struct netdev standby = eth0,
		      other = { DEVICE(3, A, B),	   .master = 9,
				.address_count = 1,	   .name = "abcdefghijklmno",
				.kind = "klmnopqrstuvwxy", .bus = "klmnopqrstuvwxy" };

	(void)context;
	strcpy(standby.name, "abcdefghijklmnp");
	for (enum candidate_verdict verdict = CANDIDATE_UNLIKE; verdict <= CANDIDATE_STACKED;
	     verdict++) {
		const struct candidate candidate = { &other, verdict, &identity };
		char text[CANDIDATES_TEXT_SIZE];
		bool hopeful = verdict >= CANDIDATE_SOFTWARE && verdict <= CANDIDATE_OTHER_MAC;

		candidates_explain(&view, &candidate, &standby, &eth0, text);
		assert_in_range(strlen(text), verdict <= CANDIDATE_FIT ? 0 : 20,
				CANDIDATES_TEXT_SIZE - 2);
		assert_int_equal(!!strstr(text, "--pair abcdefghijklmnp=abcdefghijklmno"), hopeful);
		for (enum candidate_verdict earlier = CANDIDATE_UNLIKE; earlier < verdict;
		     earlier++)
			assert_string_not_equal(candidates_word(earlier), candidates_word(verdict));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
