/* SPDX-License-Identifier: GPL-2.0-only */
/* What must hold of the decision in any view, and in any sequence of events. */
#include "policy/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MS 1000000ULL

static const struct policy_limits limits = { .up_delay_ns = 100 * MS,
					     .leaving_timeout_ns = 15000 * MS };

static struct policy_view random_view(void)
{
	struct policy_view view = {
		.state = { .active = rand() % 2,
			   .primary = rand() % 5,
			   .admin = rand() % 3,
			   .cause = rand() % 15,
			   .switches = rand() },
		.primary_exists = rand() % 4,
		.primary_is_read = rand() % 4,
		.primary_prepared = rand() % 4,
		.primary_matches = rand() % 4,
		.primary_running = rand() % 4,
		.primary_carrier = rand() % 4,
		.standby_carrier = rand() % 2,
		.operator_asked = rand() % 4 == 0,
		.removal_cancelled = rand() % 4 == 0,
		.now_ns = (20000 + rand() % 20000) * MS,
		.carrier_since_ns = rand() % 40000 * MS,
		.retry_ns = rand() % 40000 * MS,
		.leaving_since_ns = rand() % 40000 * MS,
	};

	if (rand() % 2)
		view.leaving_settled_ns = view.leaving_since_ns;
	return view;
}

static bool is_fit(const struct policy_view *view)
{
	return view->primary_exists && view->primary_prepared && view->primary_matches &&
	       view->primary_running && view->primary_carrier;
}

/* Whatever is seen, and whatever nonsense the word says. */
static void test_any_view(void **context)
{
	(void)context;
	srand(1);
	for (unsigned i = 0; i < 1000000; i++) {
		struct policy_view view = random_view();
		struct policy_decision decision = policy_decide(&view, &limits);
		struct policy_decision again = policy_decide(&view, &limits);
		struct vfsteer_state wanted = decision.wanted;
		bool warned;

		assert_memory_equal(&decision.wanted, &again.wanted, sizeof(wanted));
		assert_int_equal(wanted.admin, view.state.admin);
		assert_int_equal(wanted.switches, view.state.switches);
		if (wanted.active == PATH_PRIMARY) {
			assert_true(is_fit(&view));
			assert_int_equal(wanted.primary, PRIMARY_READY);
			assert_int_not_equal(wanted.admin, ADMIN_STANDBY);
			/* Two steps: from a ready word only. */
			if (view.state.active == PATH_STANDBY) {
				assert_int_equal(view.state.primary, PRIMARY_READY);
				assert_true(view.primary_is_read);
			}
		}
		if (wanted.primary == PRIMARY_READY) {
			assert_true(is_fit(&view));
			assert_true(view.primary_is_read || view.state.primary == PRIMARY_READY);
		}
		assert_int_equal(wanted.primary == PRIMARY_ABSENT, !view.primary_exists);
		warned = view.state.primary == PRIMARY_LEAVING ||
			 (view.state.active == PATH_STANDBY &&
			  view.leaving_since_ns > view.leaving_settled_ns);
		if (warned && view.primary_exists && !view.removal_cancelled &&
		    view.now_ns < view.leaving_since_ns + limits.leaving_timeout_ns)
			assert_int_equal(wanted.primary, PRIMARY_LEAVING);
		else
			assert_int_not_equal(wanted.primary, PRIMARY_LEAVING);
		if (wanted.active == view.state.active)
			assert_int_equal(wanted.cause, view.state.cause);
		else
			assert_int_not_equal(wanted.cause, CAUSE_NONE);
		if (decision.wake_ns)
			assert_true(decision.wake_ns > view.now_ns);
	}
}

/*
 * A quiet world is settled in a few steps, at most one switch, and then left alone until the time
 * asked for.
 */
static void test_settles(void **context)
{
	(void)context;
	srand(2);
	for (unsigned i = 0; i < 100000; i++) {
		struct policy_view view = random_view();
		unsigned switches = 0, steps;

		view.primary_is_read = true;
		for (steps = 0; steps < 10; steps++) {
			struct policy_decision decision = policy_decide(&view, &limits);
			bool same = !memcmp(&decision.wanted, &view.state, sizeof(view.state));

			switches += decision.wanted.active != view.state.active;
			view.state = decision.wanted;
			if (same && !decision.wake_ns)
				break;
			if (same)
				view.now_ns = decision.wake_ns;
		}
		assert_in_range(steps, 0, 9);
		assert_in_range(switches, 0, 2);
		assert_int_equal(view.state.active == PATH_PRIMARY,
				 is_fit(&view) && view.state.admin != ADMIN_STANDBY);
	}
}

/*
 * The history of a pair: devices change at random, BPF moves the word away from the primary at
 * random, between the look and the change of the word too. What must never be: an active primary
 * that BPF has called leaving or down since the word was read.
 */
static void test_histories(void **context)
{
	(void)context;
	srand(3);
	for (unsigned life = 0; life < 2000; life++) {
		struct policy_view view = { .now_ns = 20000 * MS, .state.admin = ADMIN_AUTO };

		for (unsigned event = 0; event < 200; event++) {
			struct policy_decision decision;
			struct vfsteer_state before;
			bool interrupted = rand() % 5 == 0;

			view.now_ns += rand() % 5000 * MS;
			view.primary_is_read = rand() % 4;
			switch (rand() % 8) {
			case 0:
				view.primary_exists = !view.primary_exists;
				view.primary_prepared = false;
				view.leaving_settled_ns = view.leaving_since_ns;
				break;
			case 1:
				view.primary_prepared = view.primary_exists;
				view.primary_matches = true;
				view.primary_running = true;
				break;
			case 2:
				view.primary_carrier = !view.primary_carrier;
				view.carrier_since_ns = view.now_ns;
				break;
			case 3:
				view.primary_running = !view.primary_running;
				break;
			case 4:
				view.state.admin = rand() % 3;
				break;
			case 5:
				view.state.primary = PRIMARY_LEAVING;
				view.state.active = PATH_STANDBY;
				view.leaving_since_ns = view.now_ns;
				break;
			case 6:
				/*
				 * Down, stored without compare-and-swap, has come to stand over
				 * leaving.
				 */
				view.state.primary = PRIMARY_DOWN;
				view.state.active = PATH_STANDBY;
				view.leaving_since_ns = view.now_ns;
				break;
			default:
				break;
			}
			before = view.state;
			decision = policy_decide(&view, &limits);
			if (interrupted) {
				view.state.primary = rand() % 2 ? PRIMARY_LEAVING : PRIMARY_DOWN;
				view.state.active = PATH_STANDBY;
				if (view.state.primary == PRIMARY_LEAVING)
					view.leaving_since_ns = view.now_ns;
			}
			/* Compare-and-swap. */
			if (!memcmp(&view.state, &before, sizeof(before)))
				view.state = decision.wanted;
			if (view.state.active == PATH_PRIMARY) {
				assert_true(view.leaving_since_ns <= view.leaving_settled_ns ||
					    view.now_ns >= view.leaving_since_ns +
								   limits.leaving_timeout_ns);
				assert_true(is_fit(&view));
				assert_int_equal(view.state.primary, PRIMARY_READY);
				assert_int_not_equal(view.state.admin, ADMIN_STANDBY);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_view),
		cmocka_unit_test(test_settles),
		cmocka_unit_test(test_histories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
