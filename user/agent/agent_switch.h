/* SPDX-License-Identifier: GPL-2.0-only */
/* agent_switch: the requests of `vfsteer switch` and `vfsteer drain`. */
#ifndef AGENT_AGENT_SWITCH_H
#define AGENT_AGENT_SWITCH_H

#include "agent/state.h"
#include "control/request.h"

/*
 * Execute REQUEST_SWITCH and REQUEST_DRAIN. Each returns the status for the command, and writes
 * its text to @answer.
 */
int agent_switch(struct agent *agent, const struct request *request, char *answer, size_t size);
int agent_drain(struct agent *agent, const struct request *request, char *answer, size_t size);

#endif
