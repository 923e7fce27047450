/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Histories of a pair, millions of steps: devices, hypervisor, operator and the kernel's own checks
 * do as they like, the word is changed by compare-and-swap as the agent does it, time passes. What
 * must hold after each step, and what a pair left alone must come to.
 */
#include "policy/policy.h"
#include "../seed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MS 1000000ULL
#define LIVES 60000
#define EVENTS 100
#define STEPS_TO_REST 6
/* user/policy/policy.c: no primary waits longer for having failed. */
#define PENALTY_MIN_NS (100 * MS)
#define PENALTY_MAX_NS (30000 * MS)

struct life {
	struct policy_view view;
	struct policy_limits limits;
	uint8_t failures;
	uint64_t active_since_ns, switched_ns;
	bool reads; /* the primary can be read */
	bool flaps; /* a primary that fails again and again, and is not replaced */
	unsigned long steps;
};

static bool is_fit(const struct policy_view *view)
{
	return view->primary_exists && view->primary_prepared && view->primary_matches &&
	       view->primary_running && view->primary_carrier && view->primary_reach != REACH_DEAD;
}

static bool chance(unsigned one_in)
{
	return rand() % one_in == 0;
}

/* As the agent does after every switch. */
static void judge_service(struct life *life, enum vfsteer_path before)
{
	struct policy_view *view = &life->view;
	uint64_t last_ns = policy_penalty_ns(life->failures), penalty_ns;

	if (view->state.active == before)
		return;
	life->switched_ns = view->now_ns;
	if (view->state.active == PATH_PRIMARY) {
		life->active_since_ns = view->now_ns;
		return;
	}
	if (view->state.cause == CAUSE_OPERATOR)
		return;
	life->failures = policy_failures(life->failures, view->now_ns - life->active_since_ns);
	penalty_ns = policy_penalty_ns(life->failures);
	assert_true(!penalty_ns || (penalty_ns >= PENALTY_MIN_NS && penalty_ns <= PENALTY_MAX_NS));
	assert_true(penalty_ns <= (last_ns ? 2 * last_ns : PENALTY_MIN_NS));
	assert_true(!penalty_ns || penalty_ns >= last_ns);
}

/* The kernel's side: away from the primary, whatever it says. */
static void kernel_leaves(struct life *life, enum vfsteer_primary_state primary,
			  enum vfsteer_cause cause)
{
	struct vfsteer_state *state = &life->view.state;
	enum vfsteer_path before = state->active;

	if (primary == PRIMARY_LEAVING)
		life->view.leaving_since_ns = life->view.now_ns;
	if (primary == PRIMARY_LEAVING || state->primary == PRIMARY_READY)
		state->primary = primary;
	/* Stored without compare-and-swap, down may come to stand over leaving. */
	if (state->primary == PRIMARY_LEAVING && chance(4))
		state->primary = PRIMARY_DOWN;
	if (before == PATH_PRIMARY) {
		state->active = PATH_STANDBY;
		state->cause = cause;
		state->switches++;
	}
	judge_service(life, before);
}

static void lose_primary(struct life *life)
{
	struct policy_view *view = &life->view;

	view->primary_exists = view->primary_prepared = view->primary_carrier =
		view->primary_running = false;
	view->carrier_since_ns = life->failures = 0;
	view->leaving_settled_ns = view->leaving_since_ns;
}

static void happen(struct life *life)
{
	struct policy_view *view = &life->view;

	switch (rand() % 13) {
	case 0:
		if (!view->primary_exists)
			view->primary_exists = true;
		else if (!life->flaps)
			lose_primary(life);
		break;
	case 1:
		view->primary_prepared = view->primary_exists && !chance(4);
		view->primary_running = view->primary_prepared;
		break;
	case 2:
	case 3:
		view->primary_carrier = view->primary_exists && !view->primary_carrier;
		view->carrier_since_ns = view->now_ns;
		break;
	case 4:
		view->primary_running = view->primary_exists && !view->primary_running;
		break;
	case 5:
		view->primary_matches = !chance(4);
		break;
	case 6:
		view->state.admin = rand() % 3;
		view->operator_asked = true;
		break;
	case 7:
		kernel_leaves(life, PRIMARY_LEAVING, CAUSE_UNPLUG_REQUEST);
		break;
	case 8:
	case 9:
		kernel_leaves(life, PRIMARY_DOWN, CAUSE_CANNOT_SEND);
		break;
	case 11:
		view->primary_reach = rand() % (REACH_OFF + 1);
		break;
	case 10:
		view->removal_cancelled = chance(2);
		break;
	default:
		view->standby_carrier = !chance(3);
		break;
	}
}

/*
 * One look of the agent's; @interrupted: the kernel changes the word between the look and the swap.
 * Returns when to look again.
 */
static uint64_t step(struct life *life, bool interrupted)
{
	struct policy_view *view = &life->view;
	struct vfsteer_state before = view->state;
	struct policy_decision decision;
	const struct vfsteer_state *wanted = &decision.wanted;

	view->primary_is_read = life->reads;
	view->retry_ns = policy_retry_ns(before, life->failures, life->switched_ns);
	decision = policy_decide(view, &life->limits);
	life->steps++;
	assert_true(!decision.wake_ns || decision.wake_ns > view->now_ns);
	assert_true(wanted->admin == before.admin && wanted->switches == before.switches);
	assert_true((wanted->primary == PRIMARY_ABSENT) == !view->primary_exists);
	if (wanted->primary == PRIMARY_READY)
		assert_true(is_fit(view) &&
			    (view->primary_is_read || before.primary == PRIMARY_READY));
	if (wanted->active == PATH_PRIMARY) {
		assert_true(is_fit(view) && wanted->primary == PRIMARY_READY &&
			    wanted->admin != ADMIN_STANDBY);
		/* Never on what may be stale. */
		assert_true(before.active == PATH_PRIMARY || view->primary_is_read);
		/* Two steps. */
		assert_true(before.active == PATH_PRIMARY || before.primary == PRIMARY_READY);
		/* No warning that still counts is passed over. */
		assert_true(before.active == PATH_PRIMARY ||
			    view->leaving_since_ns <= view->leaving_settled_ns ||
			    view->removal_cancelled ||
			    view->now_ns >=
				    view->leaving_since_ns + life->limits.leaving_timeout_ns);
		assert_true(before.active == PATH_PRIMARY || view->primary_reach != REACH_CHECKING);
		/* Not before its time. */
		assert_true(before.active == PATH_PRIMARY || view->now_ns >= view->retry_ns);
	}
	if (interrupted)
		kernel_leaves(life, chance(2) ? PRIMARY_LEAVING : PRIMARY_DOWN, CAUSE_CARRIER_LOST);
	if (memcmp(&view->state, &before, sizeof(before)))
		return view->now_ns + 1;
	view->state = *wanted;
	if (wanted->active != before.active)
		view->state.switches++;
	if (wanted->primary != PRIMARY_LEAVING) {
		view->removal_cancelled = false;
		view->leaving_settled_ns = view->leaving_since_ns;
	}
	judge_service(life, before.active);
	view->operator_asked = false;
	return memcmp(&view->state, &before, sizeof(before)) ? view->now_ns + 1 : decision.wake_ns;
}

/*
 * Left alone it comes to rest after a few looks, each at the time that was asked for, and where it
 * should.
 */
static void come_to_rest(struct life *life)
{
	struct policy_view *view = &life->view;
	uint64_t wake_ns = view->now_ns, longest_ns = life->limits.leaving_timeout_ns +
						      life->limits.up_delay_ns + PENALTY_MAX_NS;
	uint64_t began_ns = view->now_ns;
	bool is_saved;

	life->reads = true;
	/* A check has an end. */
	if (view->primary_reach == REACH_CHECKING)
		view->primary_reach = REACH_ANSWERED;
	for (unsigned i = 0; wake_ns; i++) {
		assert_in_range(i, 0, STEPS_TO_REST);
		view->now_ns = wake_ns;
		wake_ns = step(life, false);
		is_saved = view->state.primary == PRIMARY_READY ||
			   view->state.primary == PRIMARY_LEAVING;
		/* A standby without carrier is saved after the first look. */
		if (is_fit(view) && !view->standby_carrier)
			assert_true(is_saved);
	}
	assert_true(view->now_ns - began_ns <= longest_ns);
	assert_int_equal(view->state.active == PATH_PRIMARY,
			 is_fit(view) && view->state.admin != ADMIN_STANDBY);
	assert_int_equal(view->state.primary == PRIMARY_READY, is_fit(view));
}

static void test_histories(void **context)
{
	unsigned long steps = 0;

	(void)context;
	for (unsigned i = 0; i < LIVES; i++) {
		struct life life = {
			.view = { .now_ns = 1000000 * MS,
				  .standby_carrier = true,
				  .primary_matches = true },
			.flaps = chance(4),
			.limits = { .up_delay_ns = chance(2) ? 0 : rand() % 10000 * MS,
				    .leaving_timeout_ns = (1000 + rand() % 20000) * MS },
		};

		for (unsigned event = 0; event < EVENTS; event++) {
			if (!life.flaps && chance(3))
				life.view.now_ns += rand() % 20000 * MS / (chance(2) ? 1000 : 1);
			happen(&life);
			life.reads = !chance(8);
			step(&life, chance(8));
			if (chance(4))
				come_to_rest(&life);
		}
		steps += life.steps;
	}
	print_message("%lu steps\n", steps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_histories),
	};

	seed_random();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
