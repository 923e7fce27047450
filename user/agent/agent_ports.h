/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * agent_ports: which ports there are to be, by the configuration, by `vfsteer port` and by what an earlier agent left, and their being
 * bound whenever interface and pair are there.
 */
#ifndef AGENT_AGENT_PORTS_H
#define AGENT_AGENT_PORTS_H

#include "agent/state.h"

/* After the pairs' pins are open: adopts what is pinned of ports, and adds the configured ones. Returns 0 or -errno, logged. */
int agent_ports_open(struct agent *agent);
void agent_ports_close(struct agent *agent);

/* Level-triggered, with the rest of agent_reconcile: before a new primary joins. */
void agent_ports_reconcile(struct agent *agent);

/* @pair is about to be removed: its standby is gone. */
void agent_ports_leave(struct agent *agent, struct pair *pair);

/* Some device's XDP features have changed: how frames come from ports and go to them is looked at anew. */
void agent_ports_refresh(struct agent *agent);

/* Puts programs back where somebody has taken them away. */
void agent_ports_keep_places(struct agent *agent);

/* Carry out `vfsteer port add` and `port del`. Return the exit status, with one line in @answer. */
int agent_ports_add(struct agent *agent, const struct options_port *wish, char *answer, size_t size);
int agent_ports_delete(struct agent *agent, const char *name, char *answer, size_t size);

#endif
