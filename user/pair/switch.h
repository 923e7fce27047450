/* SPDX-License-Identifier: GPL-2.0-only */
/* switch: carries out what was decided of a pair: changes its word, and announces a change of active. */
#ifndef PAIR_SWITCH_H
#define PAIR_SWITCH_H

#include "pair/pair.h"

enum switch_result {
	SWITCH_NOTHING, /* the word is as it was decided to be */
	SWITCH_DONE,
	SWITCH_OVERTAKEN, /* the word has changed since it was read: to be observed and decided anew */
};

/*
 * Changes the word from @view->state to @decision->wanted by compare-and-swap, and notes why the primary is down. What changes active is announced
 * before this returns. Before a switchover that can wait the groups are read (pair->left_unread: it cannot, unless the operator asked for it).
 */
enum switch_result switch_carry_out(struct world *world, struct pair *pair, const struct policy_view *view,
				    const struct policy_decision *decision);

/* Whatever the word is: makes @primary the primary's state, and the standby active, for @cause where it was not. To be announced by the caller. */
void switch_force(const struct world *world, const struct pair *pair, enum vfsteer_primary_state primary, enum vfsteer_cause cause);

#endif
