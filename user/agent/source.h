/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * agent_source: a descriptor that wakes the agent. sd-event switches a source off for good when its callback fails, and nobody would notice: here a source
 * that fails is tried again after a while, and when that fails for long the agent ends, for its service manager to start it anew.
 */
#ifndef AGENT_SOURCE_H
#define AGENT_SOURCE_H

#include <stdint.h>
#include <systemd/sd-event.h>

struct agent;

/* Takes what the source has to give. Returns 0, or -errno: it is to be called again after a while, even if there is nothing to read. */
typedef int (*agent_source_fn)(struct agent *agent);

struct agent_source {
	struct agent *agent;
	agent_source_fn take;
	const char *what; /* "devices": what is not followed while it fails, for the log */
	sd_event_source *io, *retry;
	uint64_t delay_ns; /* until the next attempt; doubled with each that fails */
	uint64_t failing_since_ns; /* CLOCK_MONOTONIC: a guest that sleeps tries nothing meanwhile; 0: it does not fail */
};

/* A source begins with 100 ms of patience: a link dump that changes interrupt, or a kernel without memory, is well again by then. */
#define AGENT_SOURCE_DELAY_MIN_NS 100000000ULL
#define AGENT_SOURCE_DELAY_MAX_NS 5000000000ULL

/*
 * As long as the service manager waits for a sign of life (WatchdogSec= in vfsteer.service): an agent that cannot follow devices is worth no more than one
 * that hangs. Any shorter, a busy guest would lose its agent for nothing; meanwhile no primary is made active.
 */
#define AGENT_SOURCE_LIMIT_NS 30000000000ULL

/* Adds @fd, which stays the caller's, to the agent's loop. @what and @source live as long as the loop. Returns 0 or -errno. */
int agent_source_open(struct agent_source *source, struct agent *agent, const char *what, int fd, agent_source_fn take);
void agent_source_close(struct agent_source *source); /* also of one that was never opened */

#endif
