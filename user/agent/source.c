/* SPDX-License-Identifier: GPL-2.0-only */
#include "agent/source.h"
#include "agent/state.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#define AGENT_SOURCE_ACCURACY_US 1000

static void agent_source_succeed(struct agent_source *source)
{
	if (!source->failing_since_ns)
		return;
	log_info("%s: followed again, after %.1f s", source->what,
		 (clock_now_ns(CLOCK_MONOTONIC) - source->failing_since_ns) / 1e9);
	source->failing_since_ns = 0;
	sd_event_source_set_enabled(source->io, SD_EVENT_ON);
}

/*
 * Until the next attempt its descriptor is not polled: unread data would wake the agent without
 * end. Returns 0 or -errno.
 */
static int agent_source_postpone(struct agent_source *source)
{
	int error = sd_event_source_set_enabled(source->io, SD_EVENT_OFF);

	if (error >= 0)
		error = sd_event_source_set_time(
			source->retry, (clock_now_ns(CLOCK_BOOTTIME) + source->delay_ns) / 1000);
	if (error >= 0)
		error = sd_event_source_set_enabled(source->retry, SD_EVENT_ONESHOT);
	return error < 0 ? error : 0;
}

static void agent_source_fail(struct agent_source *source, int failure)
{
	uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC);
	int error;

	if (!source->failing_since_ns) {
		source->failing_since_ns = now_ns;
		source->delay_ns = AGENT_SOURCE_DELAY_MIN_NS;
		log_warning("%s: %s: cannot be followed, trying again", source->what,
			    strerror(-failure));
	} else if (now_ns - source->failing_since_ns >= AGENT_SOURCE_LIMIT_NS) {
		log_error("%s: %s: could not be followed for %llu s: ends, to be restarted; "
			  "traffic continues",
			  source->what, strerror(-failure), AGENT_SOURCE_LIMIT_NS / 1000000000ULL);
		sd_event_exit(source->agent->loop, failure);
		return;
	} else {
		source->delay_ns *= 2;
		if (source->delay_ns > AGENT_SOURCE_DELAY_MAX_NS)
			source->delay_ns = AGENT_SOURCE_DELAY_MAX_NS;
	}
	error = agent_source_postpone(source);
	if (!error)
		return;
	log_error("%s: event loop: %s: ends, to be restarted; traffic continues", source->what,
		  strerror(-error));
	sd_event_exit(source->agent->loop, error);
}

static int agent_source_run(struct agent_source *source)
{
	int error = source->take(source->agent);

	if (error < 0)
		agent_source_fail(source, error);
	else
		agent_source_succeed(source);
	return 0;
}

/* EPOLLERR comes with readable data: reading returns the error and clears it. */
static int agent_source_on_io(sd_event_source *io, int fd, uint32_t events, void *argument)
{
	(void)io, (void)fd, (void)events;
	return agent_source_run(argument);
}

static int agent_source_on_retry(sd_event_source *retry, uint64_t time_us, void *argument)
{
	(void)retry, (void)time_us;
	return agent_source_run(argument);
}

int agent_source_open(struct agent_source *source, struct agent *agent, const char *what, int fd,
		      agent_source_fn take)
{
	int error;

	*source = (struct agent_source){ .agent = agent, .take = take, .what = what };
	error = sd_event_add_io(agent->loop, &source->io, fd, EPOLLIN, agent_source_on_io, source);
	if (error >= 0)
		error = sd_event_add_time(agent->loop, &source->retry, CLOCK_BOOTTIME, UINT64_MAX,
					  AGENT_SOURCE_ACCURACY_US, agent_source_on_retry, source);
	if (error >= 0)
		error = sd_event_source_set_enabled(source->retry, SD_EVENT_OFF);
	return error < 0 ? error : 0;
}

void agent_source_close(struct agent_source *source)
{
	sd_event_source_unref(source->io);
	sd_event_source_unref(source->retry);
	source->io = source->retry = NULL;
}
