/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * qdisc_plan: which root qdisc the primary should have, given what both devices have. Pure. All or
 * nothing: a tree that cannot be copied completely is not copied, since a class without its filters
 * would limit the wrong packets.
 */
#ifndef NETDEV_QDISC_PLAN_H
#define NETDEV_QDISC_PLAN_H

#include "netdev/qdisc_tree.h"

/*
 * The root's handle where the standby's number of queues does not fit: each of the primary's queues
 * gets one qdisc of the standby's kind.
 */
#define QDISC_PLAN_HANDLE 0x76460000U

enum qdisc_verdict {
	QDISC_NOTHING,	/* the primary's default does what the standby's does */
	QDISC_MIRRORED, /* the primary has the copy */
	QDISC_BUILD,	/* create `wanted` */
	/* delete ours: it is no longer requested, or it must go before the next one */
	QDISC_REMOVE,
	QDISC_OWN,	/* the primary has a foreign root qdisc, which is left alone */
	QDISC_FLAWED,	/* the standby's cannot be copied: see `flaw` */
	QDISC_KEPT,	/* the configuration says qdisc = keep */
	QDISC_LATER,	/* the primary's number of queues is known only when it is up */
};

struct qdisc_plan {
	enum qdisc_verdict verdict;
	struct qdisc_tree wanted; /* QDISC_BUILD: sorted, never empty */
	char kind
		/*
		 * of the standby's root qdisc, or of those below its mq; empty: QDISC_NOTHING,
		 * QDISC_REMOVE
		 */
		[QDISC_KIND_SIZE];
	char flaw_kind[QDISC_KIND_SIZE]; /* what cannot be copied */
	const char *flaw;		 /* a static string */
	uint32_t queued;		 /* packets in the primary's root qdisc */
	bool is_ours;			 /* the primary's root qdisc was created by us */
};

/*
 * @ours: handle of the root qdisc that we created on the primary, 0: none. @keep: the configuration
 * says qdisc = keep. Sorts both trees. Returns 0 or -ENOMEM; the caller frees *ret with
 * qdisc_plan_free.
 */
int qdisc_plan_make(struct qdisc_tree *standby, struct qdisc_tree *primary, uint32_t ours,
		    bool keep, struct qdisc_plan *ret);
void qdisc_plan_free(struct qdisc_plan *plan);

/* Do packets skip the standby's root qdisc while the primary is active? */
bool qdisc_plan_is_bypassed(const struct qdisc_plan *plan);

/* Writes why ("filters with actions cannot be copied (u32)") into @text; empty if they do not. */
void qdisc_plan_explain(const struct qdisc_plan *plan, char *text, size_t size);

#endif
