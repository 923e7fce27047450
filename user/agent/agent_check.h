/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * agent_check: conditions that are checked before the agent changes anything. Each mistake is one
 * log line that says what to do.
 */
#ifndef AGENT_AGENT_CHECK_H
#define AGENT_AGENT_CHECK_H

#include "netdev/netdev.h"
#include "policy/options.h"

/* Checks privileges and kernel. Returns 0, or -errno after logging it. */
int agent_check_kernel(void);

/*
 * Checks the requested pairs against the existing devices. Returns 0, or -errno after logging it.
 */
int agent_check_pairs(const struct netdev_table *table, const struct options *options);

#endif
