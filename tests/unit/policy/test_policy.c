/* SPDX-License-Identifier: GPL-2.0-only */
/* The decision in every situation: by table, and by what must hold in any random life of a pair. */
#include "policy/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A case says in which respect its primary is not fit. */
#pragma GCC diagnostic ignored "-Woverride-init"

#define MS 1000000ULL
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct policy_limits limits = { .up_delay_ns = 100 * MS, .leaving_timeout_ns = 15000 * MS };

/* Of a primary that is fit in every respect. */
#define FIT                                                                                                      \
	.primary_exists = true, .primary_prepared = true, .primary_matches = true, .primary_running = true,      \
	.primary_is_read = true, .primary_carrier = true, .standby_carrier = true, .now_ns = 100000 * MS, .carrier_since_ns = 1000 * MS

#define WORD(active_, primary_, admin_)                                                                          \
	.state = { .active = PATH_##active_, .primary = PRIMARY_##primary_, .admin = ADMIN_##admin_,             \
		   .cause = CAUSE_START, .switches = 7 }

static const struct situation {
	const char *name;
	struct policy_view view;
	enum vfsteer_path active;
	enum vfsteer_primary_state primary;
	enum vfsteer_cause cause; /* CAUSE_START: no switch */
	uint64_t wake_ns;
} situations[] = {
	{ "fit and ready becomes active", { FIT, WORD(STANDBY, READY, AUTO) }, PATH_PRIMARY, PRIMARY_READY,
	  CAUSE_PRIMARY_READY, 0 },
	{ "fit and active stays", { FIT, WORD(PRIMARY, READY, AUTO) }, PATH_PRIMARY, PRIMARY_READY, CAUSE_START, 0 },
	{ "fit but joining is only made ready", { FIT, WORD(STANDBY, JOINING, AUTO) }, PATH_STANDBY, PRIMARY_READY,
	  CAUSE_START, 0 },
	{ "fit but down is only made ready", { FIT, WORD(STANDBY, DOWN, AUTO) }, PATH_STANDBY, PRIMARY_READY,
	  CAUSE_START, 0 },
	{ "fit but absent is only made ready", { FIT, WORD(STANDBY, ABSENT, AUTO) }, PATH_STANDBY, PRIMARY_READY,
	  CAUSE_START, 0 },
	{ "the operator's standby stays", { FIT, WORD(STANDBY, READY, STANDBY) }, PATH_STANDBY, PRIMARY_READY,
	  CAUSE_START, 0 },
	{ "the operator's standby is gone to", { FIT, WORD(PRIMARY, READY, STANDBY), .operator_asked = true },
	  PATH_STANDBY, PRIMARY_READY, CAUSE_OPERATOR, 0 },
	{ "the operator's primary is gone to", { FIT, WORD(STANDBY, READY, PRIMARY), .operator_asked = true },
	  PATH_PRIMARY, PRIMARY_READY, CAUSE_OPERATOR, 0 },
	{ "the operator's primary is no more than a wish",
	  { FIT, WORD(PRIMARY, READY, PRIMARY), .primary_carrier = false }, PATH_STANDBY, PRIMARY_DOWN,
	  CAUSE_CARRIER_LOST, 0 },
	{ "no primary", { WORD(STANDBY, READY, AUTO) }, PATH_STANDBY, PRIMARY_ABSENT, CAUSE_START, 0 },
	{ "the active primary is gone", { WORD(PRIMARY, READY, AUTO) }, PATH_STANDBY, PRIMARY_ABSENT, CAUSE_GONE, 0 },
	{ "a leaving primary is gone", { WORD(STANDBY, LEAVING, AUTO), .now_ns = 5 * MS, .leaving_since_ns = 4 * MS },
	  PATH_STANDBY, PRIMARY_ABSENT, CAUSE_START, 0 },
	{ "the active primary lost carrier", { FIT, WORD(PRIMARY, READY, AUTO), .primary_carrier = false },
	  PATH_STANDBY, PRIMARY_DOWN, CAUSE_CARRIER_LOST, 0 },
	{ "the active primary was set down",
	  { FIT, WORD(PRIMARY, READY, AUTO), .primary_running = false, .primary_carrier = false }, PATH_STANDBY,
	  PRIMARY_DOWN, CAUSE_SET_DOWN, 0 },
	{ "the active primary matches no more", { FIT, WORD(PRIMARY, READY, AUTO), .primary_matches = false },
	  PATH_STANDBY, PRIMARY_DOWN, CAUSE_MISALIGNED, 0 },
	{ "a primary that does not match is not used", { FIT, WORD(STANDBY, JOINING, AUTO), .primary_matches = false },
	  PATH_STANDBY, PRIMARY_DOWN, CAUSE_START, 0 },
	{ "a new primary is joining until prepared", { FIT, WORD(STANDBY, ABSENT, AUTO), .primary_prepared = false },
	  PATH_STANDBY, PRIMARY_JOINING, CAUSE_START, 0 },
	{ "a new primary is joining until carrier", { FIT, WORD(STANDBY, JOINING, AUTO), .primary_carrier = false },
	  PATH_STANDBY, PRIMARY_JOINING, CAUSE_START, 0 },
	{ "one that had carrier is down without", { FIT, WORD(STANDBY, READY, AUTO), .primary_carrier = false },
	  PATH_STANDBY, PRIMARY_DOWN, CAUSE_START, 0 },
	{ "one that is down stays so without carrier", { FIT, WORD(STANDBY, DOWN, AUTO), .primary_carrier = false },
	  PATH_STANDBY, PRIMARY_DOWN, CAUSE_START, 0 },
	{ "young carrier has to last", { FIT, WORD(STANDBY, DOWN, AUTO), .carrier_since_ns = 99950 * MS },
	  PATH_STANDBY, PRIMARY_JOINING, CAUSE_START, 100050 * MS },
	{ "carrier of just the right age", { FIT, WORD(STANDBY, READY, AUTO), .carrier_since_ns = 99900 * MS },
	  PATH_PRIMARY, PRIMARY_READY, CAUSE_PRIMARY_READY, 0 },
	{ "an active primary's carrier needs no age", { FIT, WORD(PRIMARY, READY, AUTO), .carrier_since_ns = 99999 * MS },
	  PATH_PRIMARY, PRIMARY_READY, CAUSE_START, 0 },
	{ "a leaving primary is not taken back", { FIT, WORD(STANDBY, LEAVING, AUTO), .leaving_since_ns = 99000 * MS },
	  PATH_STANDBY, PRIMARY_LEAVING, CAUSE_START, 114000 * MS },
	{ "nor by the operator",
	  { FIT, WORD(STANDBY, LEAVING, PRIMARY), .leaving_since_ns = 99000 * MS, .operator_asked = true }, PATH_STANDBY,
	  PRIMARY_LEAVING, CAUSE_START, 114000 * MS },
	{ "a warning counts that the word does not show", { FIT, WORD(STANDBY, DOWN, AUTO), .leaving_since_ns = 99000 * MS },
	  PATH_STANDBY, PRIMARY_LEAVING, CAUSE_START, 114000 * MS },
	{ "also between ready and active", { FIT, WORD(STANDBY, READY, AUTO), .leaving_since_ns = 99000 * MS },
	  PATH_STANDBY, PRIMARY_LEAVING, CAUSE_START, 114000 * MS },
	{ "unless it has been dealt with",
	  { FIT, WORD(STANDBY, DOWN, AUTO), .leaving_since_ns = 99000 * MS, .leaving_settled_ns = 99000 * MS },
	  PATH_STANDBY, PRIMARY_READY, CAUSE_START, 0 },
	{ "or the primary is still active: the word is about to change",
	  { FIT, WORD(PRIMARY, READY, AUTO), .leaving_since_ns = 99999 * MS }, PATH_PRIMARY, PRIMARY_READY, CAUSE_START, 0 },
	{ "until the removal is cancelled",
	  { FIT, WORD(STANDBY, LEAVING, AUTO), .leaving_since_ns = 99000 * MS, .removal_cancelled = true }, PATH_STANDBY,
	  PRIMARY_READY, CAUSE_START, 0 },
	{ "or has not happened for long", { FIT, WORD(STANDBY, LEAVING, AUTO), .leaving_since_ns = 85000 * MS },
	  PATH_STANDBY, PRIMARY_READY, CAUSE_START, 0 },
	{ "one that failed waits for its time", { FIT, WORD(STANDBY, DOWN, AUTO), .retry_ns = 100200 * MS }, PATH_STANDBY,
	  PRIMARY_JOINING, CAUSE_START, 100200 * MS },
	{ "and not from ready either", { FIT, WORD(STANDBY, READY, AUTO), .retry_ns = 100200 * MS }, PATH_STANDBY,
	  PRIMARY_JOINING, CAUSE_START, 100200 * MS },
	{ "until that has come", { FIT, WORD(STANDBY, READY, AUTO), .retry_ns = 100000 * MS }, PATH_PRIMARY,
	  PRIMARY_READY, CAUSE_PRIMARY_READY, 0 },
	{ "one that waits may save a standby without carrier",
	  { FIT, WORD(STANDBY, DOWN, AUTO), .retry_ns = 100200 * MS, .standby_carrier = false }, PATH_STANDBY, PRIMARY_READY,
	  CAUSE_START, 100200 * MS },
	{ "but is not active before its time",
	  { FIT, WORD(STANDBY, READY, AUTO), .retry_ns = 100200 * MS, .standby_carrier = false }, PATH_STANDBY, PRIMARY_READY,
	  CAUSE_START, 100200 * MS },
	{ "nor for young carrier",
	  { FIT, WORD(STANDBY, JOINING, AUTO), .carrier_since_ns = 99950 * MS, .standby_carrier = false }, PATH_STANDBY,
	  PRIMARY_READY, CAUSE_START, 100050 * MS },
	{ "an active one has nothing to wait for", { FIT, WORD(PRIMARY, READY, AUTO), .retry_ns = 100200 * MS },
	  PATH_PRIMARY, PRIMARY_READY, CAUSE_START, 0 },
	{ "what looks fit and was not read is not made active", { FIT, WORD(STANDBY, READY, AUTO), .primary_is_read = false },
	  PATH_STANDBY, PRIMARY_READY, CAUSE_START, 101000 * MS },
	{ "not by the operator either",
	  { FIT, WORD(STANDBY, READY, PRIMARY), .primary_is_read = false, .operator_asked = true }, PATH_STANDBY, PRIMARY_READY,
	  CAUSE_START, 101000 * MS },
	{ "not made ready", { FIT, WORD(STANDBY, JOINING, AUTO), .primary_is_read = false }, PATH_STANDBY, PRIMARY_JOINING,
	  CAUSE_START, 101000 * MS },
	{ "and stays down", { FIT, WORD(STANDBY, DOWN, AUTO), .primary_is_read = false }, PATH_STANDBY, PRIMARY_DOWN,
	  CAUSE_START, 101000 * MS },
	{ "an active one stays when it is not read", { FIT, WORD(PRIMARY, READY, AUTO), .primary_is_read = false },
	  PATH_PRIMARY, PRIMARY_READY, CAUSE_START, 101000 * MS },
	{ "unless the operator wants the standby", { FIT, WORD(PRIMARY, READY, STANDBY), .primary_is_read = false },
	  PATH_STANDBY, PRIMARY_READY, CAUSE_OPERATOR, 101000 * MS },
	{ "or old news speak against it",
	  { FIT, WORD(PRIMARY, READY, AUTO), .primary_is_read = false, .primary_carrier = false }, PATH_STANDBY, PRIMARY_DOWN,
	  CAUSE_CARRIER_LOST, 0 },
	{ "a removal that did not happen needs a reading, too",
	  { FIT, WORD(STANDBY, LEAVING, AUTO), .leaving_since_ns = 85000 * MS, .primary_is_read = false }, PATH_STANDBY,
	  PRIMARY_JOINING, CAUSE_START, 101000 * MS },
	{ "a leaving one without carrier is leaving",
	  { FIT, WORD(STANDBY, LEAVING, AUTO), .leaving_since_ns = 99000 * MS, .primary_carrier = false }, PATH_STANDBY,
	  PRIMARY_LEAVING, CAUSE_START, 114000 * MS },
	{ "one that leads nowhere is left", { FIT, WORD(PRIMARY, READY, AUTO), .primary_reach = REACH_DEAD }, PATH_STANDBY,
	  PRIMARY_DOWN, CAUSE_UNREACHABLE, 0 },
	{ "one that leads nowhere is left unread",
	  { FIT, WORD(PRIMARY, READY, AUTO), .primary_reach = REACH_DEAD, .primary_is_read = false }, PATH_STANDBY, PRIMARY_DOWN,
	  CAUSE_UNREACHABLE, 0 },
	{ "one that leads nowhere is not taken", { FIT, WORD(STANDBY, READY, AUTO), .primary_reach = REACH_DEAD }, PATH_STANDBY,
	  PRIMARY_DOWN, CAUSE_START, 0 },
	{ "one that is being checked waits", { FIT, WORD(STANDBY, READY, AUTO), .primary_reach = REACH_CHECKING }, PATH_STANDBY,
	  PRIMARY_JOINING, CAUSE_START, 0 },
	{ "one that is being checked saves what the standby would lose",
	  { FIT, WORD(STANDBY, READY, AUTO), .primary_reach = REACH_CHECKING, .standby_carrier = false }, PATH_STANDBY, PRIMARY_READY,
	  CAUSE_START, 0 },
	{ "one in use is used while it is checked", { FIT, WORD(PRIMARY, READY, AUTO), .primary_reach = REACH_CHECKING },
	  PATH_PRIMARY, PRIMARY_READY, CAUSE_START, 0 },
	{ "one that answered becomes active", { FIT, WORD(STANDBY, READY, AUTO), .primary_reach = REACH_ANSWERED }, PATH_PRIMARY,
	  PRIMARY_READY, CAUSE_PRIMARY_READY, 0 },
	{ "without carrier that is the cause",
	  { FIT, WORD(PRIMARY, READY, AUTO), .primary_reach = REACH_DEAD, .primary_carrier = false }, PATH_STANDBY, PRIMARY_DOWN,
	  CAUSE_CARRIER_LOST, 0 },
};

static void test_down_reasons(void **context)
{
	static const struct {
		struct policy_view view;
		enum vfsteer_down_reason reason;
	} reasons[] = {
		{ { FIT, WORD(PRIMARY, READY, AUTO) }, DOWN_NOT },
		{ { FIT, WORD(STANDBY, JOINING, AUTO), .primary_carrier = false }, DOWN_NOT },
		{ { FIT, WORD(PRIMARY, READY, AUTO), .primary_carrier = false }, DOWN_NO_CARRIER },
		{ { FIT, WORD(PRIMARY, READY, AUTO), .primary_running = false, .primary_carrier = false }, DOWN_SET_DOWN },
		{ { FIT, WORD(PRIMARY, READY, AUTO), .primary_running = false, .primary_detached = true }, DOWN_DETACHED },
		{ { FIT, WORD(PRIMARY, READY, AUTO), .primary_matches = false, .mismatch = DOWN_OTHER_MTU,
		    .primary_running = false }, DOWN_OTHER_MTU },
		{ { WORD(PRIMARY, READY, AUTO) }, DOWN_NOT },
		{ { FIT, WORD(STANDBY, DOWN, AUTO), .primary_is_read = false }, DOWN_NOT },
		{ { FIT, WORD(PRIMARY, READY, AUTO), .primary_reach = REACH_DEAD }, DOWN_UNREACHABLE },
		{ { FIT, WORD(PRIMARY, READY, AUTO), .primary_reach = REACH_DEAD, .primary_carrier = false }, DOWN_NO_CARRIER },
	};

	(void)context;
	for (size_t i = 0; i < COUNT(reasons); i++)
		assert_int_equal(policy_decide(&reasons[i].view, &limits).down_reason, reasons[i].reason);
}

/* `vfsteer switch` without an agent: from every word that can be. */
static void test_switch_by_word(void **context)
{
	(void)context;
	for (unsigned i = 0; i < 2 * 5 * 3 * 3; i++) {
		const struct vfsteer_state state = { .active = i % 2, .primary = i / 2 % 5, .admin = i / 10 % 3, .cause = CAUSE_START, .switches = 7 };
		enum vfsteer_admin admin = i / 30;
		struct vfsteer_state wanted = policy_switch(state, admin);
		bool is_usable = state.primary == PRIMARY_READY && admin != ADMIN_STANDBY;

		assert_int_equal(wanted.admin, admin);
		assert_int_equal(wanted.primary, state.primary);
		assert_int_equal(wanted.switches, 7);
		assert_int_equal(wanted.active, is_usable ? PATH_PRIMARY : PATH_STANDBY);
		if (wanted.active == state.active)
			assert_int_equal(wanted.cause, CAUSE_START);
		else if (state.primary == PRIMARY_READY)
			assert_int_equal(wanted.cause, CAUSE_OPERATOR);
		assert_int_equal(policy_admits(state, admin), admin != ADMIN_PRIMARY || state.primary == PRIMARY_READY);
	}
}

/* Before the primary was read: what is believed at once, and what waits for the reading. */
static void test_urgency(void **context)
{
	static const struct {
		struct policy_view view;
		bool is_urgent;
	} looks[] = {
		{ { FIT, WORD(PRIMARY, READY, AUTO), .primary_is_read = false }, false },
		{ { FIT, WORD(PRIMARY, READY, AUTO), .primary_is_read = false, .primary_carrier = false }, true },
		{ { FIT, WORD(PRIMARY, READY, AUTO), .primary_is_read = false, .primary_running = false }, true },
		{ { FIT, WORD(PRIMARY, READY, STANDBY), .primary_is_read = false }, true },
		{ { WORD(PRIMARY, READY, AUTO) }, true }, /* it is gone */
		{ { FIT, WORD(PRIMARY, READY, AUTO), .primary_is_read = false, .primary_matches = false, .mismatch = DOWN_OTHER_MTU },
		  false },
		{ { FIT, WORD(STANDBY, READY, AUTO), .primary_is_read = false, .primary_carrier = false }, false },
		{ { FIT, WORD(STANDBY, READY, AUTO) }, false }, /* to the primary */
	};

	(void)context;
	for (size_t i = 0; i < COUNT(looks); i++) {
		struct policy_decision decision = policy_decide(&looks[i].view, &limits);

		assert_int_equal(policy_is_urgent(&looks[i].view, &decision), looks[i].is_urgent);
	}
}

static void test_situations(void **context)
{
	unsigned failures = 0;

	(void)context;
	for (size_t i = 0; i < COUNT(situations); i++) {
		const struct situation *situation = &situations[i];
		struct policy_decision decision = policy_decide(&situation->view, &limits);

		if (decision.wanted.active == situation->active && decision.wanted.primary == situation->primary &&
		    decision.wanted.cause == situation->cause && decision.wake_ns == situation->wake_ns &&
		    decision.wanted.switches == 7 && decision.wanted.admin == situation->view.state.admin)
			continue;
		print_error("%s: active %d, primary %d, cause %d, wake %llu, switches %u, admin %d\n", situation->name,
			    decision.wanted.active, decision.wanted.primary, decision.wanted.cause,
			    (unsigned long long)decision.wake_ns, decision.wanted.switches, decision.wanted.admin);
		failures++;
	}
	assert_int_equal(failures, 0);
}

static struct policy_view random_view(void)
{
	struct policy_view view = {
		.state = { .active = rand() % 2, .primary = rand() % 5, .admin = rand() % 3, .cause = rand() % 15,
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
	return view->primary_exists && view->primary_prepared && view->primary_matches && view->primary_running &&
	       view->primary_carrier;
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
			 (view.state.active == PATH_STANDBY && view.leaving_since_ns > view.leaving_settled_ns);
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

/* A quiet world is settled in a few steps, at most one switch, and then left alone until the time asked for. */
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
		assert_int_equal(view.state.active == PATH_PRIMARY, is_fit(&view) && view.state.admin != ADMIN_STANDBY);
	}
}

/*
 * A life: devices change at random, BPF moves the word away from the primary at random, between the look and the
 * change of the word too. What must never be: an active primary that BPF has called leaving or down since the word was read.
 */
static void test_lives(void **context)
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
				/* Down, stored without compare-and-swap, has come to stand over leaving. */
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
					    view.now_ns >= view.leaving_since_ns + limits.leaving_timeout_ns);
				assert_true(is_fit(&view));
				assert_int_equal(view.state.primary, PRIMARY_READY);
				assert_int_not_equal(view.state.admin, ADMIN_STANDBY);
			}
		}
	}
}

/* The wait doubles with each early failure, up to a limit, and is forgiven after fair service. */
static void test_penalty(void **context)
{
	static const unsigned penalties_ms[] = { 0, 100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000 };
	uint8_t failures = 0;

	(void)context;
	for (size_t i = 0; i < sizeof(penalties_ms) / sizeof(penalties_ms[0]); i++) {
		assert_int_equal(failures, i);
		assert_int_equal(policy_penalty_ns(failures), penalties_ms[i] * MS);
		failures = policy_failures(failures, 10 * MS);
	}
	assert_int_equal(policy_failures(failures, 4999 * MS), failures + 1);
	assert_int_equal(policy_failures(failures, 5000 * MS), 0);
	assert_int_equal(policy_failures(UINT8_MAX, 0), UINT8_MAX);
	assert_int_equal(policy_penalty_ns(UINT8_MAX), 30000 * MS);
}

static void test_retry(void **context)
{
	static const struct vfsteer_state failed = { PATH_STANDBY, PRIMARY_DOWN, ADMIN_AUTO, CAUSE_CARRIER_LOST, 6 },
					  moved = { PATH_STANDBY, PRIMARY_READY, ADMIN_STANDBY, CAUSE_OPERATOR, 6 },
					  active = { PATH_PRIMARY, PRIMARY_READY, ADMIN_AUTO, CAUSE_PRIMARY_READY, 7 };

	(void)context;
	assert_int_equal(policy_retry_ns(failed, 3, 1000 * MS), 1400 * MS);
	assert_int_equal(policy_retry_ns(failed, 0, 1000 * MS), 0);
	assert_int_equal(policy_retry_ns(moved, 3, 1000 * MS), 0);
	assert_int_equal(policy_retry_ns(active, 3, 1000 * MS), 0);
}

/*
 * A link that is up and down in turns for a minute, seen by agent and data path at once: the number of switches is bounded by the sum of
 * the penalties, not by the number of flaps.
 */
static void test_flaps(void **context)
{
	static const unsigned periods_ms[] = { 2, 20, 100, 500, 2000, 9000 };

	(void)context;
	for (size_t i = 0; i < sizeof(periods_ms) / sizeof(periods_ms[0]); i++) {
		struct policy_view view = {
			.state = { PATH_STANDBY, PRIMARY_JOINING, ADMIN_AUTO, CAUSE_NONE, 0 },
			.standby_carrier = true,
			.primary_exists = true,
			.primary_is_read = true,
			.primary_prepared = true,
			.primary_matches = true,
			.primary_running = true,
		};
		const struct policy_limits no_delay = { .leaving_timeout_ns = 15000 * MS };
		uint64_t switched_ns = 0, held_ns = 0;
		uint8_t failures = 0;
		unsigned lost = 0;

		for (uint64_t now_ms = 1; now_ms <= 60000; now_ms++) {
			bool carrier = now_ms / periods_ms[i] % 2;

			view.now_ns = now_ms * MS;
			if (carrier && !view.primary_carrier)
				view.carrier_since_ns = view.now_ns;
			view.primary_carrier = carrier;
			for (int step = 0; step < 2; step++) {
				enum vfsteer_path before = view.state.active;

				view.retry_ns = policy_retry_ns(view.state, failures, switched_ns);
				view.state = policy_decide(&view, &no_delay).wanted;
				if (view.state.active == before)
					continue;
				if (before == PATH_PRIMARY) {
					failures = policy_failures(failures, view.now_ns - switched_ns);
					held_ns += policy_penalty_ns(failures);
					lost++;
				} else {
					assert_true(view.now_ns >= view.retry_ns);
				}
				switched_ns = view.now_ns;
			}
		}
		/* One who is held back is not used: but for the last, all penalties were sat out. */
		assert_true(held_ns <= 60000 * MS + 30000 * MS);
		assert_true(lost > 0);
		assert_true(periods_ms[i] >= 5000 || lost <= 12);
		assert_true(periods_ms[i] < 5000 || !failures);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_situations),
		cmocka_unit_test(test_switch_by_word),
		cmocka_unit_test(test_urgency),
		cmocka_unit_test(test_down_reasons),
		cmocka_unit_test(test_any_view),
		cmocka_unit_test(test_settles),
		cmocka_unit_test(test_lives),
		cmocka_unit_test(test_penalty),
		cmocka_unit_test(test_retry),
		cmocka_unit_test(test_flaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
