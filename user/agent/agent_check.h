/* SPDX-License-Identifier: GPL-2.0-only */
/* agent_check: what has to be right before the agent changes anything. Each mistake is one line that says what to do. */
#ifndef AGENT_AGENT_CHECK_H
#define AGENT_AGENT_CHECK_H

#include "netdev/netdev.h"
#include "policy/options.h"

/* Privilege and kernel. Returns 0, or -errno after having logged it. */
int agent_check_kernel(void);

/* The pairs asked for, against the devices there are. Returns 0, or -errno after having logged it. */
int agent_check_pairs(const struct netdev_table *table, const struct options *options);

#endif
