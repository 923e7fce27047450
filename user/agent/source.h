/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * agent_source: a descriptor that wakes the agent. sd-event disables a source for good when its
 * callback fails. Here a failing source is retried; after a long failure the agent ends, and its
 * service manager restarts it.
 */
#ifndef AGENT_SOURCE_H
#define AGENT_SOURCE_H

#include <stdint.h>
#include <systemd/sd-event.h>

struct agent;

/*
 * Reads what the source has. Returns 0, or -errno: call it again after a while, even if there is
 * nothing to read.
 */
typedef int (*agent_source_fn)(struct agent *agent);

struct agent_source {
	struct agent *agent;
	agent_source_fn take;
	/* "devices": what the agent does not follow while the source fails, for the log */
	const char *what;
	sd_event_source *io, *retry;
	uint64_t delay_ns; /* until the next attempt; doubled with each failure */
	/* CLOCK_MONOTONIC, which stops while a guest is suspended; 0: it does not fail */
	uint64_t failing_since_ns;
};

/*
 * The first retry comes after 100 ms: a dump that changes interrupt, or a kernel without memory,
 * has recovered by then.
 */
#define AGENT_SOURCE_DELAY_MIN_NS 100000000ULL
#define AGENT_SOURCE_DELAY_MAX_NS 5000000000ULL

/*
 * As long as the service manager's watchdog (WatchdogSec= in vfsteer.service): an agent that cannot
 * follow devices is as useless as one that hangs. With a shorter time a busy guest would lose its
 * agent for nothing. During the failure no primary becomes active.
 */
#define AGENT_SOURCE_LIMIT_NS 30000000000ULL

/*
 * Adds @fd, which stays the caller's, to the agent's loop. @what and @source must exist as long as
 * the loop. Returns 0 or -errno.
 */
int agent_source_open(struct agent_source *source, struct agent *agent, const char *what, int fd,
		      agent_source_fn take);
void agent_source_close(struct agent_source *source); /* also for a source that was never opened */

#endif
