/* SPDX-License-Identifier: GPL-2.0-only */
/* What the watched functions warn of, and the words for what they do not. */
#include "policy/protection.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void expect_missing(const char *const *watched, const char *expected)
{
	struct protection_warnings warnings = { 0 };
	char text[128] = "untouched";

	for (; *watched; watched++)
		protection_add(&warnings, *watched);
	protection_missing_warnings(&warnings, text, sizeof(text));
	assert_string_equal(text, expected);
}

static void test_warnings(void **context)
{
	(void)context;
	expect_missing((const char *[]){ NULL }, "an unplug request, a removal, a driver's "
						 "unbinding, being set down, loss of carrier");
	expect_missing((const char *[]){ "acpiphp_disable_and_eject_slot", "pci_device_remove",
					 "netif_close_many", "netif_carrier_off", NULL },
		       "");
	expect_missing((const char *[]){ "pciehp_handle_button_press", "unregister_netdevice_queue",
					 "__dev_close_many", NULL },
		       "a driver's unbinding, loss of carrier");
	/* Watched for other reasons, or not known. */
	expect_missing((const char *[]){ "pci_stop_bus_device", "__dev_set_rx_mode",
					 "netif_carrier_on", "nonsense", NULL },
		       "an unplug request, a driver's unbinding, being set down, loss of carrier");
}

static void test_small_buffer(void **context)
{
	const struct protection_warnings none = { 0 };
	char text[24];

	(void)context;
	memset(text, 'x', sizeof(text));
	protection_missing_warnings(&none, text, 20);
	assert_string_equal(text, "an unplug request, ");
	assert_int_equal(text[20], 'x');
}

static void test_liveness(void **context)
{
	(void)context;
	assert_null(protection_missing_liveness(LIVENESS_KFUNC));
	assert_null(protection_missing_liveness(LIVENESS_PROBE));
	assert_null(protection_missing_liveness(LIVENESS_WORD));
	assert_non_null(protection_missing_liveness(LIVENESS_NETLINK));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_small_buffer),
		cmocka_unit_test(test_liveness),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
