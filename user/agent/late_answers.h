/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * late_answers: an answer says that its request was executed. If a pair steps aside for it
 * (pair/aside.h), that takes some 20 ms more, in which the loop serves others; the answer follows
 * then.
 */
#ifndef AGENT_LATE_ANSWERS_H
#define AGENT_LATE_ANSWERS_H

#include "control/control.h"

struct agent;

#define LATE_ANSWERS_MAX 16 /* further requests are answered at once */

struct late_answers {
	unsigned count;
	struct late_answer {
		struct control_request request;
		int status;
		char text[CONTROL_SIZE];
	} list[LATE_ANSWERS_MAX];
};

/*
 * Answers @request, which concerns ports: now, or by late_answers_send when no pair waits to change
 * what its devices do for ports. @status, @text: as of control_answer.
 */
void late_answers_add(struct agent *agent, const struct control_request *request, int status,
		      const char *text);

/*
 * Called after pairs were stepped: sends the answers that need not wait any longer. @is_end: all.
 */
void late_answers_send(struct agent *agent, bool is_end);

#endif
