/* SPDX-License-Identifier: GPL-2.0-only */
#include "netdev/qdisc_plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool qdisc_is_mq(const struct qdisc_object *root)
{
	return root && !strcmp(root->kind, "mq");
}

/* The kernel's own choice has the handle 0. */
static bool qdisc_is_default(const struct qdisc_tree *tree)
{
	for (size_t i = 0; i < tree->count; i++)
		if (tree->objects[i].type != QDISC_QUEUE || TC_H_MAJ(tree->objects[i].handle))
			return false;
	return true;
}

/*
 * The qdisc of each queue: the root, or the one kind below mq. NULL: they differ (and *ret_flaw
 * says so), or there is no root.
 */
static const struct qdisc_object *qdisc_of_queues(const struct qdisc_tree *tree,
						  const char **ret_flaw)
{
	const struct qdisc_object *root = qdisc_tree_root(tree), *first = NULL;

	if (!qdisc_is_mq(root))
		return root;
	for (size_t i = 0; i < tree->count; i++) {
		const struct qdisc_object *object = &tree->objects[i];

		if (object == root)
			continue;
		first = first ?: object;
		if (object->type != QDISC_QUEUE || TC_H_MAJ(object->parent) != root->handle ||
		    strcmp(object->kind, first->kind) ||
		    object->options_length != first->options_length ||
		    (first->options_length &&
		     memcmp(object->options, first->options, first->options_length))) {
			*ret_flaw = "its queues differ";
			return NULL;
		}
	}
	return first;
}

static unsigned qdisc_count_queues(const struct qdisc_tree *tree)
{
	const struct qdisc_object *root = qdisc_tree_root(tree);

	return qdisc_is_mq(root) ? (unsigned)tree->count - 1 : 1;
}

/* Plans one of @kind for each of the primary's queues. */
static int qdisc_want_queues(const struct qdisc_object *kind, unsigned count,
			     struct qdisc_tree *wanted)
{
	struct qdisc_object root = { .parent = TC_H_ROOT,
				     .handle = QDISC_PLAN_HANDLE,
				     .kind = "mq" },
			    queue = *kind;
	int error = count > 1 ? qdisc_tree_add(wanted, &root) : 0;

	for (unsigned i = 1; i <= count && !error; i++) {
		queue.parent = count > 1 ? QDISC_PLAN_HANDLE | i : TC_H_ROOT;
		queue.handle = count > 1 ? QDISC_PLAN_HANDLE + (i << 16) : QDISC_PLAN_HANDLE;
		error = qdisc_tree_add(wanted, &queue);
	}
	return error;
}

static int qdisc_want_copy(const struct qdisc_tree *standby, struct qdisc_tree *wanted)
{
	int error = 0;

	for (size_t i = 0; i < standby->count && !error; i++)
		error = qdisc_tree_add(wanted, &standby->objects[i]);
	return error;
}

/* Some kinds dump filters of one priority in reverse, so their order is unknown. */
static const char *qdisc_find_unordered(const struct qdisc_tree *tree)
{
	for (size_t i = 1; i < tree->count; i++) {
		const struct qdisc_object *a = &tree->objects[i - 1], *b = &tree->objects[i];

		if (b->type == QDISC_FILTER && a->type == QDISC_FILTER && a->parent == b->parent &&
		    a->info == b->info && !strcmp(b->kind, "bpf"))
			return "several of one priority cannot be copied";
	}
	return NULL;
}

static void qdisc_plan_flaw(struct qdisc_plan *plan, const char *flaw, const char *kind)
{
	plan->verdict = QDISC_FLAWED;
	plan->flaw = flaw;
	snprintf(plan->flaw_kind, sizeof(plan->flaw_kind), "%s", kind);
}

/* For a standby with one kind in all queues: the primary's number of queues decides. */
static int qdisc_plan_queues(struct qdisc_plan *plan, const struct qdisc_object *kind,
			     const struct qdisc_tree *primary)
{
	const struct qdisc_object *root = qdisc_tree_root(primary);
	const char *flaw = NULL;
	const struct qdisc_object *theirs = qdisc_of_queues(primary, &flaw);

	if (kind->flaw || !qdisc_kind_is_divisible(kind->kind)) {
		qdisc_plan_flaw(plan,
				kind->flaw
					?: "it limits each queue, and the primary may have another "
					   "number of them",
				kind->kind);
		return 0;
	}
	if (!root) {
		plan->verdict = QDISC_LATER;
		return 0;
	}
	if (!TC_H_MAJ(root->handle) && theirs && !strcmp(theirs->kind, kind->kind)) {
		/* Its default has that kind. */
		if (!TC_H_MAJ(kind->handle)) {
			plan->verdict = QDISC_NOTHING;
			return 0;
		}
	}
	/* The primary's number of queues is read from its default, or from our qdisc. */
	if (plan->is_ours && root->handle != QDISC_PLAN_HANDLE) {
		plan->verdict = QDISC_REMOVE;
		return 0;
	}
	plan->verdict = QDISC_BUILD;
	return qdisc_want_queues(kind, qdisc_count_queues(primary), &plan->wanted);
}

/* Sets what the standby requires, if the primary had no foreign root qdisc. */
static int qdisc_plan_wanted(struct qdisc_plan *plan, const struct qdisc_tree *standby,
			     const struct qdisc_tree *primary, bool is_whole)
{
	const struct qdisc_object *root = qdisc_tree_root(standby), *kind, *flawed;
	const char *flaw = NULL;

	kind = qdisc_of_queues(standby, &flaw);
	if (!root || (!kind && !flaw))
		return 0;
	/*
	 * Of all defaults only fq has an effect of its own: it paces sockets that ask for it. The
	 * others are interchangeable.
	 */
	if (qdisc_is_default(standby) && (!kind || strcmp(kind->kind, "fq")))
		return 0;
	snprintf(plan->kind, sizeof(plan->kind), "%s", kind ? kind->kind : root->kind);
	if (flaw) {
		qdisc_plan_flaw(plan, flaw, root->kind);
		return 0;
	}
	if (qdisc_is_mq(root) || !TC_H_MAJ(root->handle))
		return qdisc_plan_queues(plan, kind, primary);
	flawed = qdisc_tree_flaw(standby);
	if (flawed) {
		qdisc_plan_flaw(plan, flawed->flaw, flawed->kind);
		return 0;
	}
	flaw = is_whole ? qdisc_find_unordered(standby) : "it is being changed";
	if (flaw) {
		qdisc_plan_flaw(plan, flaw, is_whole ? "bpf" : root->kind);
		return 0;
	}
	plan->verdict = QDISC_BUILD;
	return qdisc_want_copy(standby, &plan->wanted);
}

int qdisc_plan_make(struct qdisc_tree *standby, struct qdisc_tree *primary, uint32_t ours,
		    bool keep, struct qdisc_plan *ret)
{
	struct qdisc_plan plan = { .verdict = QDISC_NOTHING };
	bool is_whole = qdisc_tree_sort(standby);
	const struct qdisc_object *theirs;
	int error;

	qdisc_tree_sort(primary);
	theirs = qdisc_tree_root(primary);
	plan.is_ours = ours && theirs && theirs->handle == ours;
	plan.queued = theirs ? theirs->queued : 0;
	error = qdisc_plan_wanted(&plan, standby, primary, is_whole);
	if (!error)
		qdisc_tree_sort(&plan.wanted);
	if (error) {
		qdisc_plan_free(&plan);
		return error;
	}
	if (keep && plan.verdict != QDISC_NOTHING)
		plan.verdict = QDISC_KEPT;
	else if (plan.verdict != QDISC_NOTHING && theirs && TC_H_MAJ(theirs->handle) &&
		 !plan.is_ours)
		plan.verdict = QDISC_OWN;
	else if (plan.verdict == QDISC_BUILD && plan.is_ours &&
		 qdisc_tree_is_equal(&plan.wanted, primary))
		plan.verdict = QDISC_MIRRORED;
	else if (plan.verdict == QDISC_NOTHING && plan.is_ours)
		plan.verdict = QDISC_REMOVE;
	*ret = plan;
	return 0;
}

void qdisc_plan_free(struct qdisc_plan *plan)
{
	qdisc_tree_free(&plan->wanted);
}

bool qdisc_plan_is_bypassed(const struct qdisc_plan *plan)
{
	return plan->kind[0] && plan->verdict != QDISC_MIRRORED && plan->verdict != QDISC_NOTHING;
}

void qdisc_plan_explain(const struct qdisc_plan *plan, char *text, size_t size)
{
	text[0] = '\0';
	switch (plan->verdict) {
	case QDISC_OWN:
		snprintf(text, size,
			 "the primary has one of its own, which stays: give it the same by hand, "
			 "or none");
		break;
	case QDISC_KEPT:
		snprintf(text, size,
			 "the configuration says qdisc = keep; qdisc = mirror copies it");
		break;
	case QDISC_FLAWED:
		snprintf(text, size, "%s (%s)", plan->flaw, plan->flaw_kind);
		break;
	case QDISC_BUILD:
	case QDISC_LATER:
		snprintf(text, size, "not yet, or refused: see the agent's log");
		break;
	default:
		break;
	}
}
