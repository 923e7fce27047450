/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * agent: the event loop. It gets events from netlink and from the watch programs, and keeps every
 * pair in order.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "policy/options.h"

/*
 * Creates or adopts the pins, builds the pairs and runs until SIGTERM, SIGINT or `vfsteer unload`.
 * What it has set up in the kernel stays, except after unload. Errors are logged here. Returns the
 * exit status.
 */
int agent_run(const struct options *options);

#endif
