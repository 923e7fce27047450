/* SPDX-License-Identifier: GPL-2.0-only */
/* Which watch programs count, from what each step of the test has shown. */
#include "datapath/watch_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BIT(function) WATCHED_BIT(WATCH_##function)

/* What a kernel shows in which nothing is inlined, without the functions that it does not have. */
#define UP (BIT(netif_carrier_on) | BIT(__dev_set_rx_mode))
#define DOWN (BIT(__dev_close_many) | BIT(dev_deactivate_many) | BIT(netif_carrier_off))
#define DELETED (DOWN | BIT(unregister_netdevice_queue))

static void test_decision(void **context)
{
	static const struct {
		const char *what, *silent;
		unsigned up, down, deleted;
		bool complete;
	} cases[] = {
		{ "all run", "dev_close_many netif_close_many", UP, DOWN, DELETED, true },
		{ "with a wrapper", "netif_close_many", UP, DOWN, DELETED | BIT(dev_close_many),
		  true },
		{ "close is inlined in one caller, for set down",
		  "__dev_close_many dev_close_many netif_close_many", UP,
		  DOWN & ~BIT(__dev_close_many), DELETED, true },
		{ "for unregistration, without a wrapper",
		  "__dev_close_many dev_close_many netif_close_many dev_deactivate_many", UP, DOWN,
		  DELETED & ~(BIT(__dev_close_many) | BIT(dev_deactivate_many)), false },
		{ "with one", "__dev_close_many netif_close_many dev_deactivate_many", UP, DOWN,
		  (DELETED | BIT(dev_close_many)) &
			  ~(BIT(__dev_close_many) | BIT(dev_deactivate_many)),
		  true },
		{ "for set down, which a wrapper does not see",
		  "__dev_close_many netif_close_many dev_deactivate_many", UP,
		  BIT(netif_carrier_off), DELETED | BIT(dev_close_many), false },
		{ "loss of carrier is not seen",
		  "dev_close_many netif_close_many netif_carrier_off", UP,
		  DOWN & ~BIT(netif_carrier_off), DELETED, false },
		{ "the end is not", "unregister_netdevice_queue dev_close_many netif_close_many",
		  UP, DOWN, DOWN, false },
		{ "what nothing is believed of",
		  "dev_close_many netif_close_many netif_carrier_on __dev_set_rx_mode", 0, DOWN,
		  DELETED, true },
		{ "none run",
		  "unregister_netdevice_queue __dev_close_many dev_close_many netif_close_many "
		  "dev_deactivate_many netif_carrier_off netif_carrier_on __dev_set_rx_mode",
		  0, 0, 0, false },
	};

	(void)context;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct watch_test_result result = { .fired = { cases[i].up, cases[i].down,
								     cases[i].deleted } };
		char expected[256];

		snprintf(expected, sizeof(expected), " %s ", cases[i].silent);
		for (unsigned j = 0; j < WATCH_FUNCTIONS_MAX; j++) {
			char name[64];

			snprintf(name, sizeof(name), " %s ", watched_functions[j].name);
			if (watch_test_fires(&result, j) != !strstr(expected, name))
				fail_msg("%s: %s", cases[i].what, watched_functions[j].name);
		}
		if (watch_test_complete(&result) != cases[i].complete)
			fail_msg("%s: complete", cases[i].what);
	}
}

/* Of a function that no device of ours passes nothing is known, and nothing is said. */
static void test_not_covered(void **context)
{
	const struct watch_test_result nothing = { 0 };

	(void)context;
	assert_true(watch_test_fires(&nothing, WATCH_pci_device_remove));
	assert_false(watch_test_fires(&nothing, WATCH_netif_carrier_off));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decision),
		cmocka_unit_test(test_not_covered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
