/* SPDX-License-Identifier: GPL-2.0-only */
/* switch: carries out a decision: changes the state word, and announces a change of active. */
#ifndef PAIR_SWITCH_H
#define PAIR_SWITCH_H

#include "pair/pair.h"

enum switch_result {
	SWITCH_NOTHING, /* the word already is as decided */
	SWITCH_DONE,
	SWITCH_OVERTAKEN, /* the word has changed since it was read: observe and decide again */
};

/*
 * Changes the word from @view->state to @decision->wanted by compare-and-swap, and notes why the
 * primary is down. A change of active is announced before this returns. Before a switchover that
 * can wait, the groups are read (pair->left_unread: it cannot wait, unless the operator asked for
 * it).
 */
enum switch_result switch_carry_out(struct world *world, struct pair *pair,
				    const struct policy_view *view,
				    const struct policy_decision *decision);

/*
 * With any word: sets the state of the primary to @primary, and active to the standby, with @cause
 * if that changes it. The caller announces it.
 */
void switch_force(const struct world *world, const struct pair *pair,
		  enum vfsteer_primary_state primary, enum vfsteer_cause cause);

/* With any word: sets what the operator requested. The next step of the pair follows it. */
void switch_set_admin(const struct world *world, const struct pair *pair, enum vfsteer_admin admin);

#endif
