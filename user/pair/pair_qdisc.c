/* SPDX-License-Identifier: GPL-2.0-only */
#include "pair/pair_qdisc.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "netdev/qdisc.h"
#include "pair/pair.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PAIR_QDISC_RETRY_NS 1000000000ULL
/* How long a queue may take to drain, and the interval of the looks. */
#define PAIR_QDISC_DRAIN_NS 1000000000ULL
#define PAIR_QDISC_DRAIN_LOOK_NS 10000000ULL
/* Each change moves the traffic off the primary and back: two announced switchovers. */
/* after this time without a change, the next one is copied at once */
#define PAIR_QDISC_QUIET_NS 10000000000ULL
#define PAIR_QDISC_REST_MIN_NS 200000000ULL
#define PAIR_QDISC_REST_MAX_NS 10000000000ULL

void pair_qdisc_look(struct pair *pair, uint64_t delay_ns)
{
	struct pair_qdisc *qdisc = &pair->qdisc;
	uint64_t now_ns = pair_clock_ns();

	if (!qdisc->asked_ns)
		qdisc->asked_ns = now_ns;
	qdisc->due_ns = now_ns + delay_ns;
	if (qdisc->due_ns > qdisc->asked_ns + PAIR_QDISC_SETTLE_MAX_NS)
		qdisc->due_ns = qdisc->asked_ns + PAIR_QDISC_SETTLE_MAX_NS;
	pair->due = true;
}

/* One line per @trouble, a static text, with @detail. NULL: none. */
static void pair_qdisc_log(const struct world *world, struct pair *pair,
			   const struct qdisc_plan *plan, const char *trouble, const char *detail)
{
	const struct vfsteer_pair *slot = pair_slot(world, pair);

	if (trouble == pair->qdisc.logged)
		return;
	if (trouble)
		log_warning("%s: %s: the standby's root qdisc (%s) is bypassed while the primary "
			    "is active: %s%s%s",
			    slot->owner, slot->primary, plan->kind, trouble, detail[0] ? ": " : "",
			    detail);
	pair->qdisc.logged = trouble;
}

static void pair_qdisc_log_plan(const struct world *world, struct pair *pair,
				const struct qdisc_plan *plan)
{
	if (plan->verdict == QDISC_OWN)
		pair_qdisc_log(world, pair, plan,
			       "the primary has one of its own, which stays", "");
	else if (plan->verdict == QDISC_KEPT)
		pair_qdisc_log(world, pair, plan,
			       pair->kind == KIND_PLAIN
				       ? "qdisc = keep"
				       : "it belongs on both slaves of net_failover",
			       "");
	else if (plan->verdict == QDISC_FLAWED)
		pair_qdisc_log(world, pair, plan, plan->flaw, plan->flaw_kind);
	else if (plan->verdict == QDISC_MIRRORED || plan->verdict == QDISC_NOTHING)
		pair_qdisc_log(world, pair, plan, NULL, "");
}

static int pair_qdisc_read(struct world *world, const struct pair *pair, struct qdisc_plan *ret)
{
	return qdisc_plan_read(world->requests, pair->owner, pair->primary,
			       pair_slot(world, pair)->primary_qdisc, pair->qdisc.keep, ret);
}

/* Did the kernel make what was requested? Else it is removed again. */
static int pair_qdisc_verify(struct world *world, struct pair *pair)
{
	struct qdisc_plan plan;
	int error = pair_qdisc_read(world, pair, &plan);

	if (error)
		return error;
	/* Not as requested, and nothing else is requested. */
	if (plan.verdict == QDISC_BUILD && qdisc_tree_hash(&plan.wanted) == pair->qdisc.refused)
		error = -EPROTO;
	qdisc_plan_free(&plan);
	return error;
}

static void pair_qdisc_note_change(struct pair_qdisc *qdisc)
{
	uint64_t now_ns = pair_clock_ns();

	if (!qdisc->made_ns || now_ns - qdisc->made_ns >= PAIR_QDISC_QUIET_NS + qdisc->rest_ns)
		qdisc->rest_ns = 0;
	else
		qdisc->rest_ns = qdisc->rest_ns ? 2 * qdisc->rest_ns : PAIR_QDISC_REST_MIN_NS;
	if (qdisc->rest_ns > PAIR_QDISC_REST_MAX_NS)
		qdisc->rest_ns = PAIR_QDISC_REST_MAX_NS;
	qdisc->made_ns = now_ns;
}

/*
 * The pair names the owner of the qdisc before the qdisc exists: an agent that is killed in between
 * leaves none without an owner.
 */
static void pair_qdisc_apply(struct world *world, struct pair *pair, const struct qdisc_plan *plan)
{
	struct vfsteer_pair *slot = pair_slot(world, pair);
	const char *refused = "";
	int error = plan->is_ours ? qdisc_remove(world->requests, pair->primary) : 0;

	crash_point("pair-qdisc-removed");
	pair_qdisc_note_change(&pair->qdisc);
	if (!error && plan->verdict == QDISC_BUILD) {
		slot->primary_qdisc = qdisc_tree_root(&plan->wanted)->handle;
		crash_point("pair-qdisc-about-to-be-made");
		/* What was refused is not tried repeatedly: its removal causes messages, too. */
		pair->qdisc.refused = qdisc_tree_hash(&plan->wanted);
		error = qdisc_build(world->requests, pair->primary, &plan->wanted, &refused);
		crash_point("pair-qdisc-made");
		if (!error)
			error = pair_qdisc_verify(world, pair);
		if (!error)
			pair->qdisc.refused = 0;
		else
			qdisc_remove(world->requests, pair->primary);
	}
	if (error || plan->verdict != QDISC_BUILD)
		slot->primary_qdisc = 0;
	if (error) {
		char detail[96];

		snprintf(detail, sizeof(detail), "%s%s%s", refused, refused[0] ? ": " : "",
			 strerror(-error));
		pair_qdisc_log(world, pair, plan,
			       error == -EPROTO ? "the kernel changes it there"
						: "the kernel refuses it there",
			       error == -EPROTO ? "" : detail);
	} else {
		pair_qdisc_log_plan(world, pair, plan);
		log_info("%s: %s: root qdisc %s%s", slot->standby, slot->primary,
			 plan->verdict == QDISC_BUILD ? "as the standby's: " : "its own again",
			 plan->verdict == QDISC_BUILD ? plan->kind : "");
	}
}

/*
 * Makes the change lossless: for packets sent meanwhile, and for those in the primary's queues.
 * Returns whether it can be done now; else *ret_ns says when to look again.
 */
static bool pair_qdisc_make_way(struct world *world, struct pair *pair,
				const struct qdisc_plan *plan, uint64_t *ret_ns)
{
	uint64_t now_ns;

	if (!pair_step_aside(world, pair, CAUSE_QDISC)) {
		pair->qdisc.is_aside = true;
		pair->qdisc.drain_ns = pair->aside_until_ns + PAIR_QDISC_DRAIN_NS;
		/*
		 * Packets sent before the traffic moved off are in the queues by then, but were not
		 * when they were read.
		 */
		*ret_ns = pair->aside_until_ns;
		return false;
	}
	now_ns = pair_clock_ns();
	if (pins_state(&world->pins, pair->slot).active == PATH_PRIMARY) {
		/* The standby has no carrier: the primary carries everything. */
		*ret_ns = now_ns + PAIR_QDISC_RETRY_NS;
		return false;
	}
	if (!plan->queued || now_ns >= pair->qdisc.drain_ns)
		return true;
	*ret_ns = now_ns + PAIR_QDISC_DRAIN_LOOK_NS;
	return false;
}

static bool pair_qdisc_changes(const struct qdisc_plan *plan, uint64_t refused)
{
	if (plan->verdict == QDISC_BUILD)
		return qdisc_tree_hash(&plan->wanted) != refused;
	return plan->is_ours && plan->verdict != QDISC_MIRRORED && plan->verdict != QDISC_LATER;
}

/* Returns when to look again; 0: done. */
static uint64_t pair_qdisc_follow(struct world *world, struct pair *pair)
{
	struct vfsteer_pair *slot = pair_slot(world, pair);
	struct qdisc_plan plan;
	uint64_t again_ns = 0;
	int error = pair_qdisc_read(world, pair, &plan);

	if (error)
		return pair_clock_ns() + PAIR_QDISC_RETRY_NS;
	if (slot->primary_qdisc && plan.verdict == QDISC_OWN) {
		log_info("%s: %s: another program replaced its root qdisc, which was ours: the new "
			 "one stays",
			 slot->standby, slot->primary);
		slot->primary_qdisc = 0;
	}
	if (!pair_qdisc_changes(&plan, pair->qdisc.refused)) {
		pair_qdisc_log_plan(world, pair, &plan);
		if (plan.verdict == QDISC_LATER)
			again_ns = pair_clock_ns() + PAIR_QDISC_SETTLE_NS;
	} else if (pair_qdisc_make_way(world, pair, &plan, &again_ns)) {
		pair_qdisc_apply(world, pair, &plan);
		if (plan.verdict == QDISC_REMOVE)
			again_ns = pair_clock_ns(); /* another one may be requested */
	}
	qdisc_plan_free(&plan);
	return again_ns;
}

uint64_t pair_qdisc_step(struct world *world, struct pair *pair)
{
	struct pair_qdisc *qdisc = &pair->qdisc;

	if (!qdisc->due_ns || !pair->prepared || !pair->primary ||
	    pins_state(&world->pins, pair->slot).primary == PRIMARY_LEAVING)
		return 0;
	if (!qdisc->is_aside && qdisc->due_ns < qdisc->made_ns + qdisc->rest_ns)
		qdisc->due_ns = qdisc->made_ns + qdisc->rest_ns;
	while (qdisc->due_ns && qdisc->due_ns <= pair_clock_ns()) {
		qdisc->asked_ns = 0;
		qdisc->due_ns = pair_qdisc_follow(world, pair);
	}
	if (!qdisc->due_ns)
		qdisc->is_aside = false;
	return qdisc->due_ns;
}

void pair_qdisc_remove(struct world *world, struct pair *pair)
{
	struct vfsteer_pair *slot = pair_slot(world, pair);

	qdisc_take_back(world->requests, pair->primary, slot->primary_qdisc);
	crash_point("pair-qdisc-parted");
	slot->primary_qdisc = 0;
	pair->qdisc = (struct pair_qdisc){ .keep = pair->qdisc.keep };
}
