/* SPDX-License-Identifier: GPL-2.0-only */
#include "agent/late_answers.h"
#include "agent/agent_port.h"
#include "agent/state.h"

#include <stdio.h>

void late_answers_add(struct agent *agent, const struct control_request *request, int status,
		      const char *text)
{
	struct late_answers *answers = &agent->late_answers;
	struct late_answer *answer;

	if (answers->count == LATE_ANSWERS_MAX || !agent_ports_wait(agent)) {
		control_answer(agent->control_fd, request, status, text);
		return;
	}
	answer = &answers->list[answers->count++];
	answer->request = *request;
	answer->status = status;
	snprintf(answer->text, sizeof(answer->text), "%s", text);
}

void late_answers_send(struct agent *agent, bool is_end)
{
	struct late_answers *answers = &agent->late_answers;

	if (!answers->count || (!is_end && agent_ports_wait(agent)))
		return;
	for (unsigned i = 0; i < answers->count; i++)
		control_answer(agent->control_fd, &answers->list[i].request,
			       answers->list[i].status, answers->list[i].text);
	answers->count = 0;
}
