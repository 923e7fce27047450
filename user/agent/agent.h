/* SPDX-License-Identifier: GPL-2.0-only */
/* agent: the event loop: hears of devices from netlink and from the watch programs, and keeps every pair right. */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "policy/options.h"

/*
 * Makes or adopts the pins, builds the pairs and runs until SIGTERM, SIGINT or `vfsteer unload`. What is in the kernel
 * stays when it ends, but for unload. Errors are logged here. Returns the exit status.
 */
int agent_run(const struct options *options);

#endif
