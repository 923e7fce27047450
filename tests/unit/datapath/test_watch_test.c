/* SPDX-License-Identifier: GPL-2.0-only */
/* Which watch programs count, from what each step of the test has shown. */
#include "datapath/watch_test.h"
#include "../../../bpf/watch_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BIT(function) (1U << WATCH_TEST_##function)

/* What a kernel shows in which nothing is inlined, without the functions that it does not have. */
#define UP (BIT(CARRIER_ON) | BIT(RX_MODE))
#define DOWN (BIT(CLOSE) | BIT(DEACTIVATE) | BIT(CARRIER_OFF))
#define DELETED (DOWN | BIT(UNREGISTER))

static const char *const names[] = {
	"unregister_netdevice_queue", "__dev_close_many",  "dev_close_many",   "netif_close_many",
	"dev_deactivate_many",	      "netif_carrier_off", "netif_carrier_on", "__dev_set_rx_mode",
};

static void test_decision(void **context)
{
	static const struct {
		const char *what, *silent;
		unsigned up, down, deleted;
		bool complete;
	} cases[] = {
		{ "all run", "dev_close_many netif_close_many", UP, DOWN, DELETED, true },
		{ "with a wrapper", "netif_close_many", UP, DOWN, DELETED | BIT(DEV_CLOSE), true },
		{ "close is inlined in one caller, for set down", "__dev_close_many dev_close_many netif_close_many", UP, DOWN & ~BIT(CLOSE), DELETED, true },
		{ "for unregistration, without a wrapper", "__dev_close_many dev_close_many netif_close_many dev_deactivate_many", UP, DOWN,
		  DELETED & ~(BIT(CLOSE) | BIT(DEACTIVATE)), false },
		{ "with one", "__dev_close_many netif_close_many dev_deactivate_many", UP, DOWN,
		  (DELETED | BIT(DEV_CLOSE)) & ~(BIT(CLOSE) | BIT(DEACTIVATE)), true },
		{ "for set down, which a wrapper does not see", "__dev_close_many netif_close_many dev_deactivate_many", UP, BIT(CARRIER_OFF),
		  DELETED | BIT(DEV_CLOSE), false },
		{ "loss of carrier is not seen", "dev_close_many netif_close_many netif_carrier_off", UP, DOWN & ~BIT(CARRIER_OFF), DELETED, false },
		{ "the end is not", "unregister_netdevice_queue dev_close_many netif_close_many", UP, DOWN, DOWN, false },
		{ "what nothing is believed of", "dev_close_many netif_close_many netif_carrier_on __dev_set_rx_mode", 0, DOWN, DELETED, true },
		{ "none run", "unregister_netdevice_queue __dev_close_many dev_close_many netif_close_many dev_deactivate_many netif_carrier_off "
			      "netif_carrier_on __dev_set_rx_mode", 0, 0, 0, false },
	};

	(void)context;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct watch_test_result result = { .fired = { cases[i].up, cases[i].down, cases[i].deleted } };
		char expected[256];

		snprintf(expected, sizeof(expected), " %s ", cases[i].silent);
		for (size_t j = 0; j < sizeof(names) / sizeof(*names); j++) {
			char name[64];

			snprintf(name, sizeof(name), " %s ", names[j]);
			if (watch_test_fires(&result, names[j]) != !strstr(expected, name))
				fail_msg("%s: %s", cases[i].what, names[j]);
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
	assert_false(watch_test_covers("pci_device_remove"));
	assert_true(watch_test_covers("netif_carrier_off"));
	assert_true(watch_test_fires(&nothing, "pci_device_remove"));
	assert_false(watch_test_fires(&nothing, "netif_carrier_off"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decision),
		cmocka_unit_test(test_not_covered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
