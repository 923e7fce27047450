/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * late_answers: an answer to a request says that it was carried out. Where a pair steps aside for it (pair/aside.h) that takes some 20 ms more, in which
 * the loop serves others; the answer follows then.
 */
#ifndef AGENT_LATE_ANSWERS_H
#define AGENT_LATE_ANSWERS_H

#include "control/control.h"

struct agent;

#define LATE_ANSWERS_MAX 16 /* what is asked beyond that is answered at once */

struct late_answers {
	unsigned count;
	struct late_answer {
		struct control_request request;
		int status;
		char text[CONTROL_SIZE];
	} list[LATE_ANSWERS_MAX];
};

/* Answers @request, which has to do with ports: now, or by late_answers_send when no pair waits to change what its devices do for ports. */
void late_answers_add(struct agent *agent, const struct control_request *request, int status, const char *text);

/* After pairs were stepped: sends what does not have to wait any more. @is_end: all of it. */
void late_answers_send(struct agent *agent, bool is_end);

#endif
