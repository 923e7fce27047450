/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * agent_ports: which ports exist, by the configuration, by `vfsteer port` and from an earlier
 * agent. Binds each while its interface and its pair exist.
 */
#ifndef AGENT_AGENT_PORTS_H
#define AGENT_AGENT_PORTS_H

#include "agent/state.h"

/*
 * Called after the pairs' pins are open: adopts pinned ports and adds the configured ones. Returns
 * 0 or -errno, logged.
 */
int agent_ports_open(struct agent *agent);
/* Closes the ports' descriptors; programs and pins stay. */
void agent_ports_close(struct agent *agent);

/* Level-triggered, in agent_reconcile: before a new primary joins. */
void agent_ports_reconcile(struct agent *agent);

/* @pair is about to be removed: its standby is gone. */
void agent_ports_leave(struct agent *agent, struct pair *pair);

/*
 * The XDP features of a device changed: chooses again how each port's frames are taken and
 * delivered.
 */
void agent_ports_refresh(struct agent *agent);

/* Attaches programs again that were removed or are no longer first. */
void agent_ports_keep_places(struct agent *agent);

/*
 * Execute `vfsteer port add` and `port del`. Each returns the exit status, and one line in @answer
 * (of @size bytes).
 */
int agent_ports_add(struct agent *agent, const struct options_port *requested, char *answer,
		    size_t size);
int agent_ports_delete(struct agent *agent, const char *name, char *answer, size_t size);

#endif
