/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * qdisc_plan: which root qdisc the primary should have, from what both devices have. Pure. All or nothing: of a tree that cannot be copied
 * whole nothing is copied, since a class without its filters would limit the wrong packets.
 */
#ifndef NETDEV_QDISC_PLAN_H
#define NETDEV_QDISC_PLAN_H

#include "netdev/qdisc_tree.h"

/* Of what is made where the standby's own numbers do not fit: one queue of its kind for each of the primary's. */
#define QDISC_PLAN_HANDLE 0x76460000U

enum qdisc_verdict {
	QDISC_NOTHING,	/* the standby has nothing that the primary has not by itself */
	QDISC_MIRRORED, /* the primary has what it should */
	QDISC_BUILD,	/* it should get `wanted` */
	QDISC_REMOVE,	/* ours is to go: nobody wants it any more, or another cannot be made before */
	QDISC_OWN,	/* somebody gave the primary a root qdisc, which is left alone */
	QDISC_FLAWED,	/* the standby's cannot be copied: flaw says why */
	QDISC_KEPT,	/* the configuration says qdisc = keep */
	QDISC_LATER,	/* how many queues the primary has is not known before it is up */
};

struct qdisc_plan {
	enum qdisc_verdict verdict;
	struct qdisc_tree wanted; /* QDISC_BUILD: sorted, never empty */
	char kind
		[QDISC_KIND_SIZE]; /* of the standby's root qdisc, or of those below its mq; empty: QDISC_NOTHING, QDISC_REMOVE */
	char flaw_kind[QDISC_KIND_SIZE]; /* what cannot be copied */
	const char *flaw;		 /* a static text */
	uint32_t queued;		 /* packets in the primary's root qdisc */
	bool is_ours;			 /* the primary's root qdisc is the one that we made */
};

/*
 * @ours: handle of the root qdisc that we gave the primary, 0: none. @keep: the configuration wants none. The caller ends with qdisc_plan_free.
 * Returns 0 or -ENOMEM. Sorts both trees.
 */
int qdisc_plan_make(struct qdisc_tree *standby, struct qdisc_tree *primary, uint32_t ours, bool keep,
		    struct qdisc_plan *ret);
void qdisc_plan_free(struct qdisc_plan *plan);

/* Whether the standby's root qdisc is bypassed while the primary is active. */
bool qdisc_plan_is_bypassed(const struct qdisc_plan *plan);

/* Why it is ("filters with actions cannot be copied (u32)"), into @text; empty when it is not. */
void qdisc_plan_explain(const struct qdisc_plan *plan, char *text, size_t size);

#endif
