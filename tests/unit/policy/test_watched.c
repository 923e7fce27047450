/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of watched functions: each row makes sense by itself, and together they warn of every
 * end.
 */
#include "policy/watched.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define STEPS (STEP_UP | STEP_DOWN | STEP_DELETE)

static void test_rows(void **context)
{
	(void)context;
	for (int i = 0; i < WATCH_FUNCTIONS_MAX; i++) {
		const struct watched_function *row = &watched_functions[i];

		assert_non_null(row->name);
		assert_int_equal(watched_find(row->name), i);
		/* What is tried has a step to run in. */
		assert_true(!(row->tested & (CLOSES | NEEDED)) || row->tested & STEPS);
		if (row->superseded_by == WATCH_none)
			continue;
		/* By one of its kind, which stands for itself. */
		assert_int_equal(watched_functions[row->superseded_by].superseded_by, WATCH_none);
		assert_int_equal(watched_functions[row->superseded_by].warns, row->warns);
	}
	assert_int_equal(watched_find("nobody"), -1);
}

static void test_masks(void **context)
{
	(void)context;
	assert_int_equal(watched_that_warn(WARNS_UNBIND), WATCHED_BIT(WATCH_pci_device_remove));
	assert_int_equal(watched_that_warn(POLLED | POLLED_IF_THERE),
			 WATCHED_BIT(WATCH___dev_set_rx_mode) |
				 WATCHED_BIT(WATCH_bpf_mprog_attach));
	assert_int_equal(watched_that_are_tested(NEEDED),
			 WATCHED_BIT(WATCH_unregister_netdevice_queue) |
				 WATCHED_BIT(WATCH_netif_carrier_off));
	assert_int_equal(watched_that_are_tested(CLOSES),
			 WATCHED_BIT(WATCH___dev_close_many) | WATCHED_BIT(WATCH_dev_close_many) |
				 WATCHED_BIT(WATCH_netif_close_many) |
				 WATCHED_BIT(WATCH_dev_deactivate_many));
	for (unsigned warns = WARNS_REQUEST; warns <= WARNS_CARRIER; warns <<= 1)
		assert_int_not_equal(watched_that_warn(warns), 0);
	/* What is held is what the hypervisor or the operator waits for. */
	assert_true(watched_functions[WATCH_pci_device_remove].holds &&
		    watched_functions[WATCH_acpiphp_disable_and_eject_slot].holds);
	assert_false(watched_functions[WATCH_netif_carrier_off].holds ||
		     watched_functions[WATCH_pciehp_handle_button_press].holds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_masks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
