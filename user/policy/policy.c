/* SPDX-License-Identifier: GPL-2.0-only */
#include "policy/policy.h"

#define POLICY_PENALTY_MIN_NS 100000000ULL
#define POLICY_PENALTY_MAX_NS 30000000000ULL

uint8_t policy_failures(uint8_t failures, uint64_t served_ns)
{
	if (served_ns >= POLICY_FAIR_SERVICE_NS)
		return 0;
	return failures < UINT8_MAX ? failures + 1 : UINT8_MAX;
}

uint64_t policy_penalty_ns(uint8_t failures)
{
	uint64_t penalty_ns = POLICY_PENALTY_MIN_NS;

	if (!failures)
		return 0;
	while (--failures && penalty_ns < POLICY_PENALTY_MAX_NS)
		penalty_ns *= 2;
	return penalty_ns < POLICY_PENALTY_MAX_NS ? penalty_ns : POLICY_PENALTY_MAX_NS;
}

uint64_t policy_retry_ns(struct vfsteer_state state, uint8_t failures, uint64_t last_switch_ns)
{
	/*
	 * If the operator moved the traffic away last, that was not the failure, which is longer
	 * ago.
	 */
	if (state.active == PATH_PRIMARY || state.cause == CAUSE_OPERATOR || !failures)
		return 0;
	return last_switch_ns + policy_penalty_ns(failures);
}

/*
 * The word, or a warning that is not settled: a store without compare-and-swap may have replaced
 * PRIMARY_LEAVING (bpf/pair.h). If the primary is active, the word is about to show it with its
 * cause.
 */
static bool policy_is_leaving(const struct policy_view *view)
{
	return view->state.primary == PRIMARY_LEAVING ||
	       (view->state.active == PATH_STANDBY &&
		view->leaving_since_ns > view->leaving_settled_ns);
}

static enum vfsteer_primary_state policy_primary_state(const struct policy_view *view,
						       const struct policy_limits *limits,
						       uint64_t *wake_ns, bool *waits)
{
	uint64_t deadline_ns;

	*waits = false;
	if (!view->primary_exists)
		return PRIMARY_ABSENT;
	deadline_ns = view->leaving_since_ns + limits->leaving_timeout_ns;
	if (policy_is_leaving(view) && !view->removal_cancelled && view->now_ns < deadline_ns) {
		*wake_ns = deadline_ns;
		return PRIMARY_LEAVING;
	}
	if (!view->primary_prepared)
		return PRIMARY_JOINING;
	if (!view->primary_matches || !view->primary_running)
		return PRIMARY_DOWN;
	if (!view->primary_carrier)
		/* A new VF that never had carrier is joining; one that lost it is down. */
		return view->state.primary == PRIMARY_JOINING ||
				       view->state.primary == PRIMARY_ABSENT
			       ? PRIMARY_JOINING
			       : PRIMARY_DOWN;
	if (view->primary_reach == REACH_DEAD)
		return PRIMARY_DOWN;
	if (!view->primary_is_read) {
		*wake_ns = view->now_ns + POLICY_REREAD_NS;
		*waits = view->state.active != PATH_PRIMARY;
		/* Nothing new is known about it. */
		return view->state.primary == PRIMARY_READY || view->state.primary == PRIMARY_DOWN
			       ? view->state.primary
			       : PRIMARY_JOINING;
	}
	deadline_ns = view->carrier_since_ns + limits->up_delay_ns;
	if (view->retry_ns > deadline_ns)
		deadline_ns = view->retry_ns;
	if (view->state.active != PATH_PRIMARY && view->now_ns < deadline_ns) {
		*wake_ns = deadline_ns;
		*waits = true;
		return view->standby_carrier ? PRIMARY_JOINING : PRIMARY_READY;
	}
	if (view->state.active != PATH_PRIMARY && view->primary_reach == REACH_CHECKING) {
		*waits = true;
		return view->standby_carrier ? PRIMARY_JOINING : PRIMARY_READY;
	}
	return PRIMARY_READY;
}

static enum vfsteer_cause policy_cause_of_leaving(const struct policy_view *view,
						  enum vfsteer_primary_state primary)
{
	if (primary == PRIMARY_READY)
		return CAUSE_OPERATOR;
	if (primary == PRIMARY_ABSENT)
		return CAUSE_GONE;
	if (!view->primary_running)
		return CAUSE_SET_DOWN;
	if (!view->primary_matches)
		return CAUSE_MISALIGNED;
	if (!view->primary_carrier)
		return CAUSE_CARRIER_LOST;
	return CAUSE_UNREACHABLE;
}

static enum vfsteer_down_reason policy_down_reason(const struct policy_view *view,
						   enum vfsteer_primary_state primary)
{
	if (primary != PRIMARY_DOWN)
		return DOWN_NOT;
	if (!view->primary_matches)
		return view->mismatch;
	if (!view->primary_running)
		return view->primary_detached ? DOWN_DETACHED : DOWN_SET_DOWN;
	if (!view->primary_carrier)
		return DOWN_NO_CARRIER;
	/* Still down, because it could not be read: the reason is unknown. */
	return view->primary_reach == REACH_DEAD ? DOWN_UNREACHABLE : DOWN_NOT;
}

struct policy_decision policy_decide(const struct policy_view *view,
				     const struct policy_limits *limits)
{
	struct policy_decision decision = { .wanted = view->state };
	struct vfsteer_state *wanted = &decision.wanted;
	bool waits;

	wanted->primary = policy_primary_state(view, limits, &decision.wake_ns, &waits);
	decision.down_reason = policy_down_reason(view, wanted->primary);
	if (wanted->primary != PRIMARY_READY || view->state.admin == ADMIN_STANDBY)
		wanted->active = PATH_STANDBY;
	else if (view->state.primary == PRIMARY_READY && !waits)
		wanted->active = PATH_PRIMARY;
	if (wanted->active == view->state.active)
		return decision;
	if (wanted->active == PATH_STANDBY)
		wanted->cause = policy_cause_of_leaving(view, wanted->primary);
	else
		wanted->cause = view->operator_asked ? CAUSE_OPERATOR : CAUSE_PRIMARY_READY;
	return decision;
}

bool policy_is_urgent(const struct policy_view *view, const struct policy_decision *decision)
{
	return view->state.active == PATH_PRIMARY && decision->wanted.active == PATH_STANDBY &&
	       (view->primary_matches || !view->primary_exists);
}

/*
 * Returns a view for which policy keeps the primary's state of the word. Times: all is settled at
 * 1.
 */
static struct policy_view policy_view_of_word(struct vfsteer_state state)
{
	return (struct policy_view){
		.state = state,
		.operator_asked = true,
		.primary_exists = state.primary != PRIMARY_ABSENT,
		.primary_is_read = true,
		.primary_prepared = state.primary != PRIMARY_JOINING,
		.primary_matches = true,
		.primary_running = state.primary != PRIMARY_DOWN,
		.primary_carrier = true,
		.standby_carrier = true,
		.now_ns = 1,
	};
}

struct vfsteer_state policy_switch(struct vfsteer_state state, enum vfsteer_admin admin)
{
	/* A leaving primary stays leaving: only the agent knows its timeout. */
	const struct policy_limits limits = { .leaving_timeout_ns = UINT64_MAX };
	struct policy_view view;

	state.admin = admin;
	view = policy_view_of_word(state);
	return policy_decide(&view, &limits).wanted;
}

bool policy_admits(struct vfsteer_state state, enum vfsteer_admin admin)
{
	return admin != ADMIN_PRIMARY || state.primary == PRIMARY_READY;
}
