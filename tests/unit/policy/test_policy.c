/* SPDX-License-Identifier: GPL-2.0-only */
/* The decision in every situation, by table. */
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

static const struct policy_limits limits = { .up_delay_ns = 100 * MS,
					     .leaving_timeout_ns = 15000 * MS };

/* Of a primary that is fit in every respect. */
#define FIT                                                                                        \
	.primary_exists = true, .primary_prepared = true, .primary_matches = true,                 \
	.primary_running = true, .primary_is_read = true, .primary_carrier = true,                 \
	.standby_carrier = true, .now_ns = 100000 * MS, .carrier_since_ns = 1000 * MS

#define WORD(active_, primary_, admin_)                                                            \
	.state = { .active = PATH_##active_,                                                       \
		   .primary = PRIMARY_##primary_,                                                  \
		   .admin = ADMIN_##admin_,                                                        \
		   .cause = CAUSE_START,                                                           \
		   .switches = 7 }

static const struct situation {
	const char *name;
	struct policy_view view;
	enum vfsteer_path active;
	enum vfsteer_primary_state primary;
	enum vfsteer_cause cause; /* CAUSE_START: no switch */
	uint64_t wake_ns;
} situations[] = {
	{ "fit and ready becomes active",
	  { FIT, WORD(STANDBY, READY, AUTO) },
	  PATH_PRIMARY, PRIMARY_READY, CAUSE_PRIMARY_READY, 0 },
	{ "fit and active stays",
	  { FIT, WORD(PRIMARY, READY, AUTO) },
	  PATH_PRIMARY, PRIMARY_READY, CAUSE_START, 0 },
	{ "fit but joining is only made ready",
	  { FIT, WORD(STANDBY, JOINING, AUTO) },
	  PATH_STANDBY, PRIMARY_READY, CAUSE_START, 0 },
	{ "fit but down is only made ready",
	  { FIT, WORD(STANDBY, DOWN, AUTO) },
	  PATH_STANDBY, PRIMARY_READY, CAUSE_START, 0 },
	{ "fit but absent is only made ready",
	  { FIT, WORD(STANDBY, ABSENT, AUTO) },
	  PATH_STANDBY, PRIMARY_READY, CAUSE_START, 0 },
	{ "the operator's standby stays",
	  { FIT, WORD(STANDBY, READY, STANDBY) },
	  PATH_STANDBY, PRIMARY_READY, CAUSE_START, 0 },
	{ "the operator's standby is gone to",
	  { FIT, WORD(PRIMARY, READY, STANDBY), .operator_asked = true },
	  PATH_STANDBY, PRIMARY_READY, CAUSE_OPERATOR, 0 },
	{ "the operator's primary is gone to",
	  { FIT, WORD(STANDBY, READY, PRIMARY), .operator_asked = true },
	  PATH_PRIMARY, PRIMARY_READY, CAUSE_OPERATOR, 0 },
	{ "the operator's primary is no more than a requested",
	  { FIT, WORD(PRIMARY, READY, PRIMARY), .primary_carrier = false },
	  PATH_STANDBY, PRIMARY_DOWN, CAUSE_CARRIER_LOST, 0 },
	{ "no primary",
	  { WORD(STANDBY, READY, AUTO) },
	  PATH_STANDBY, PRIMARY_ABSENT, CAUSE_START, 0 },
	{ "the active primary is gone",
	  { WORD(PRIMARY, READY, AUTO) },
	  PATH_STANDBY, PRIMARY_ABSENT, CAUSE_GONE, 0 },
	{ "a leaving primary is gone",
	  { WORD(STANDBY, LEAVING, AUTO), .now_ns = 5 * MS, .leaving_since_ns = 4 * MS },
	  PATH_STANDBY, PRIMARY_ABSENT, CAUSE_START, 0 },
	{ "the active primary lost carrier",
	  { FIT, WORD(PRIMARY, READY, AUTO), .primary_carrier = false },
	  PATH_STANDBY, PRIMARY_DOWN, CAUSE_CARRIER_LOST, 0 },
	{ "the active primary was set down",
	  { FIT, WORD(PRIMARY, READY, AUTO), .primary_running = false, .primary_carrier = false },
	  PATH_STANDBY, PRIMARY_DOWN, CAUSE_SET_DOWN, 0 },
	{ "the active primary matches no more",
	  { FIT, WORD(PRIMARY, READY, AUTO), .primary_matches = false },
	  PATH_STANDBY, PRIMARY_DOWN, CAUSE_MISALIGNED, 0 },
	{ "a primary that does not match is not used",
	  { FIT, WORD(STANDBY, JOINING, AUTO), .primary_matches = false },
	  PATH_STANDBY, PRIMARY_DOWN, CAUSE_START, 0 },
	{ "a new primary is joining until prepared",
	  { FIT, WORD(STANDBY, ABSENT, AUTO), .primary_prepared = false },
	  PATH_STANDBY, PRIMARY_JOINING, CAUSE_START, 0 },
	{ "a new primary is joining until carrier",
	  { FIT, WORD(STANDBY, JOINING, AUTO), .primary_carrier = false },
	  PATH_STANDBY, PRIMARY_JOINING, CAUSE_START, 0 },
	{ "one that had carrier is down without",
	  { FIT, WORD(STANDBY, READY, AUTO), .primary_carrier = false },
	  PATH_STANDBY, PRIMARY_DOWN, CAUSE_START, 0 },
	{ "one that is down stays so without carrier",
	  { FIT, WORD(STANDBY, DOWN, AUTO), .primary_carrier = false },
	  PATH_STANDBY, PRIMARY_DOWN, CAUSE_START, 0 },
	{ "young carrier has to last",
	  { FIT, WORD(STANDBY, DOWN, AUTO), .carrier_since_ns = 99950 * MS },
	  PATH_STANDBY, PRIMARY_JOINING, CAUSE_START, 100050 * MS },
	{ "carrier of just the right age",
	  { FIT, WORD(STANDBY, READY, AUTO), .carrier_since_ns = 99900 * MS },
	  PATH_PRIMARY, PRIMARY_READY, CAUSE_PRIMARY_READY, 0 },
	{ "an active primary's carrier needs no age",
	  { FIT, WORD(PRIMARY, READY, AUTO), .carrier_since_ns = 99999 * MS },
	  PATH_PRIMARY, PRIMARY_READY, CAUSE_START, 0 },
	{ "a leaving primary is not taken back",
	  { FIT, WORD(STANDBY, LEAVING, AUTO), .leaving_since_ns = 99000 * MS },
	  PATH_STANDBY, PRIMARY_LEAVING, CAUSE_START, 114000 * MS },
	{ "nor by the operator",
	  { FIT, WORD(STANDBY, LEAVING, PRIMARY), .leaving_since_ns = 99000 * MS,
	    .operator_asked = true },
	  PATH_STANDBY, PRIMARY_LEAVING, CAUSE_START, 114000 * MS },
	{ "a warning counts that the word does not show",
	  { FIT, WORD(STANDBY, DOWN, AUTO), .leaving_since_ns = 99000 * MS },
	  PATH_STANDBY, PRIMARY_LEAVING, CAUSE_START, 114000 * MS },
	{ "also between ready and active",
	  { FIT, WORD(STANDBY, READY, AUTO), .leaving_since_ns = 99000 * MS },
	  PATH_STANDBY, PRIMARY_LEAVING, CAUSE_START, 114000 * MS },
	{ "unless it has been dealt with",
	  { FIT, WORD(STANDBY, DOWN, AUTO), .leaving_since_ns = 99000 * MS,
	    .leaving_settled_ns = 99000 * MS },
	  PATH_STANDBY, PRIMARY_READY, CAUSE_START, 0 },
	{ "or the primary is still active: the word is about to change",
	  { FIT, WORD(PRIMARY, READY, AUTO), .leaving_since_ns = 99999 * MS },
	  PATH_PRIMARY, PRIMARY_READY, CAUSE_START, 0 },
	{ "until the removal is cancelled",
	  { FIT, WORD(STANDBY, LEAVING, AUTO), .leaving_since_ns = 99000 * MS,
	    .removal_cancelled = true },
	  PATH_STANDBY, PRIMARY_READY, CAUSE_START, 0 },
	{ "or has not happened for long",
	  { FIT, WORD(STANDBY, LEAVING, AUTO), .leaving_since_ns = 85000 * MS },
	  PATH_STANDBY, PRIMARY_READY, CAUSE_START, 0 },
	{ "one that failed waits for its time",
	  { FIT, WORD(STANDBY, DOWN, AUTO), .retry_ns = 100200 * MS },
	  PATH_STANDBY, PRIMARY_JOINING, CAUSE_START, 100200 * MS },
	{ "and not from ready either",
	  { FIT, WORD(STANDBY, READY, AUTO), .retry_ns = 100200 * MS },
	  PATH_STANDBY, PRIMARY_JOINING, CAUSE_START, 100200 * MS },
	{ "until that has come",
	  { FIT, WORD(STANDBY, READY, AUTO), .retry_ns = 100000 * MS },
	  PATH_PRIMARY, PRIMARY_READY, CAUSE_PRIMARY_READY, 0 },
	{ "one that waits may save a standby without carrier",
	  { FIT, WORD(STANDBY, DOWN, AUTO), .retry_ns = 100200 * MS, .standby_carrier = false },
	  PATH_STANDBY, PRIMARY_READY, CAUSE_START, 100200 * MS },
	{ "but is not active before its time",
	  { FIT, WORD(STANDBY, READY, AUTO), .retry_ns = 100200 * MS, .standby_carrier = false },
	  PATH_STANDBY, PRIMARY_READY, CAUSE_START, 100200 * MS },
	{ "nor for young carrier",
	  { FIT, WORD(STANDBY, JOINING, AUTO), .carrier_since_ns = 99950 * MS,
	    .standby_carrier = false },
	  PATH_STANDBY, PRIMARY_READY, CAUSE_START, 100050 * MS },
	{ "an active one has nothing to wait for",
	  { FIT, WORD(PRIMARY, READY, AUTO), .retry_ns = 100200 * MS },
	  PATH_PRIMARY, PRIMARY_READY, CAUSE_START, 0 },
	{ "what looks fit and was not read is not made active",
	  { FIT, WORD(STANDBY, READY, AUTO), .primary_is_read = false },
	  PATH_STANDBY, PRIMARY_READY, CAUSE_START, 101000 * MS },
	{ "not by the operator either",
	  { FIT, WORD(STANDBY, READY, PRIMARY), .primary_is_read = false, .operator_asked = true },
	  PATH_STANDBY, PRIMARY_READY, CAUSE_START, 101000 * MS },
	{ "not made ready",
	  { FIT, WORD(STANDBY, JOINING, AUTO), .primary_is_read = false },
	  PATH_STANDBY, PRIMARY_JOINING, CAUSE_START, 101000 * MS },
	{ "and stays down",
	  { FIT, WORD(STANDBY, DOWN, AUTO), .primary_is_read = false },
	  PATH_STANDBY, PRIMARY_DOWN, CAUSE_START, 101000 * MS },
	{ "an active one stays when it is not read",
	  { FIT, WORD(PRIMARY, READY, AUTO), .primary_is_read = false },
	  PATH_PRIMARY, PRIMARY_READY, CAUSE_START, 101000 * MS },
	{ "unless the operator wants the standby",
	  { FIT, WORD(PRIMARY, READY, STANDBY), .primary_is_read = false },
	  PATH_STANDBY, PRIMARY_READY, CAUSE_OPERATOR, 101000 * MS },
	{ "or an older reading speaks against it",
	  { FIT, WORD(PRIMARY, READY, AUTO), .primary_is_read = false, .primary_carrier = false },
	  PATH_STANDBY, PRIMARY_DOWN, CAUSE_CARRIER_LOST, 0 },
	{ "a removal that did not happen needs a reading, too",
	  { FIT, WORD(STANDBY, LEAVING, AUTO), .leaving_since_ns = 85000 * MS,
	    .primary_is_read = false },
	  PATH_STANDBY, PRIMARY_JOINING, CAUSE_START, 101000 * MS },
	{ "a leaving one without carrier is leaving",
	  { FIT, WORD(STANDBY, LEAVING, AUTO), .leaving_since_ns = 99000 * MS,
	    .primary_carrier = false },
	  PATH_STANDBY, PRIMARY_LEAVING, CAUSE_START, 114000 * MS },
	{ "one that leads nowhere is left",
	  { FIT, WORD(PRIMARY, READY, AUTO), .primary_reach = REACH_DEAD },
	  PATH_STANDBY, PRIMARY_DOWN, CAUSE_UNREACHABLE, 0 },
	{ "one that leads nowhere is left unread",
	  { FIT, WORD(PRIMARY, READY, AUTO), .primary_reach = REACH_DEAD,
	    .primary_is_read = false },
	  PATH_STANDBY, PRIMARY_DOWN, CAUSE_UNREACHABLE, 0 },
	{ "one that leads nowhere is not taken",
	  { FIT, WORD(STANDBY, READY, AUTO), .primary_reach = REACH_DEAD },
	  PATH_STANDBY, PRIMARY_DOWN, CAUSE_START, 0 },
	{ "one that is being checked waits",
	  { FIT, WORD(STANDBY, READY, AUTO), .primary_reach = REACH_CHECKING },
	  PATH_STANDBY, PRIMARY_JOINING, CAUSE_START, 0 },
	{ "one that is being checked saves what the standby would lose",
	  { FIT, WORD(STANDBY, READY, AUTO), .primary_reach = REACH_CHECKING,
	    .standby_carrier = false },
	  PATH_STANDBY, PRIMARY_READY, CAUSE_START, 0 },
	{ "one in use is used while it is checked",
	  { FIT, WORD(PRIMARY, READY, AUTO), .primary_reach = REACH_CHECKING },
	  PATH_PRIMARY, PRIMARY_READY, CAUSE_START, 0 },
	{ "one that answered becomes active",
	  { FIT, WORD(STANDBY, READY, AUTO), .primary_reach = REACH_ANSWERED },
	  PATH_PRIMARY, PRIMARY_READY, CAUSE_PRIMARY_READY, 0 },
	{ "without carrier that is the cause",
	  { FIT, WORD(PRIMARY, READY, AUTO), .primary_reach = REACH_DEAD,
	    .primary_carrier = false },
	  PATH_STANDBY, PRIMARY_DOWN, CAUSE_CARRIER_LOST, 0 },
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
		{ { FIT, WORD(PRIMARY, READY, AUTO), .primary_running = false,
		    .primary_carrier = false },
		  DOWN_SET_DOWN },
		{ { FIT, WORD(PRIMARY, READY, AUTO), .primary_running = false,
		    .primary_detached = true },
		  DOWN_DETACHED },
		{ { FIT, WORD(PRIMARY, READY, AUTO), .primary_matches = false,
		    .mismatch = DOWN_OTHER_MTU, .primary_running = false },
		  DOWN_OTHER_MTU },
		{ { WORD(PRIMARY, READY, AUTO) }, DOWN_NOT },
		{ { FIT, WORD(STANDBY, DOWN, AUTO), .primary_is_read = false }, DOWN_NOT },
		{ { FIT, WORD(PRIMARY, READY, AUTO), .primary_reach = REACH_DEAD },
		  DOWN_UNREACHABLE },
		{ { FIT, WORD(PRIMARY, READY, AUTO), .primary_reach = REACH_DEAD,
		    .primary_carrier = false },
		  DOWN_NO_CARRIER },
	};

	(void)context;
	for (size_t i = 0; i < COUNT(reasons); i++)
		assert_int_equal(policy_decide(&reasons[i].view, &limits).down_reason,
				 reasons[i].reason);
}

/* `vfsteer switch` without an agent: from every word that can be. */
static void test_switch_by_word(void **context)
{
	(void)context;
	for (unsigned i = 0; i < 2 * 5 * 3 * 3; i++) {
		const struct vfsteer_state state = { .active = i % 2,
						     .primary = i / 2 % 5,
						     .admin = i / 10 % 3,
						     .cause = CAUSE_START,
						     .switches = 7 };
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
		assert_int_equal(policy_admits(state, admin),
				 admin != ADMIN_PRIMARY || state.primary == PRIMARY_READY);
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
		{ { FIT, WORD(PRIMARY, READY, AUTO), .primary_is_read = false,
		    .primary_carrier = false },
		  true },
		{ { FIT, WORD(PRIMARY, READY, AUTO), .primary_is_read = false,
		    .primary_running = false },
		  true },
		{ { FIT, WORD(PRIMARY, READY, STANDBY), .primary_is_read = false }, true },
		{ { WORD(PRIMARY, READY, AUTO) }, true }, /* it is gone */
		{ { FIT, WORD(PRIMARY, READY, AUTO), .primary_is_read = false,
		    .primary_matches = false, .mismatch = DOWN_OTHER_MTU },
		  false },
		{ { FIT, WORD(STANDBY, READY, AUTO), .primary_is_read = false,
		    .primary_carrier = false },
		  false },
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

		if (decision.wanted.active == situation->active &&
		    decision.wanted.primary == situation->primary &&
		    decision.wanted.cause == situation->cause &&
		    decision.wake_ns == situation->wake_ns && decision.wanted.switches == 7 &&
		    decision.wanted.admin == situation->view.state.admin)
			continue;
		print_error(
			"%s: active %d, primary %d, cause %d, wake %llu, switches %u, admin %d\n",
			situation->name, decision.wanted.active, decision.wanted.primary,
			decision.wanted.cause, (unsigned long long)decision.wake_ns,
			decision.wanted.switches, decision.wanted.admin);
		failures++;
	}
	assert_int_equal(failures, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_situations),
		cmocka_unit_test(test_switch_by_word),
		cmocka_unit_test(test_urgency),
		cmocka_unit_test(test_down_reasons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
