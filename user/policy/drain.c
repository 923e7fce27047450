/* SPDX-License-Identifier: GPL-2.0-only */
#include "policy/drain.h"

static void drain_begin(struct drain *drain, const struct drain_sample *sample, uint64_t now_ns)
{
	*drain = (struct drain){
		.has_begun = true,
		.last = *sample,
		.rest_since_ns = now_ns,
		.window_since_ns = now_ns,
		.lowest = sample->received_alone,
		.lowest_before = sample->received_alone,
	};
}

/* Counters of several CPUs are not read at once: a difference may be negative. */
static bool drain_is_higher(uint64_t a, uint64_t b)
{
	return (int64_t)(a - b) > 0;
}

static void drain_follow_received(struct drain *drain, uint64_t received_alone, uint64_t now_ns)
{
	if (drain_is_higher(drain->lowest, received_alone))
		drain->lowest = received_alone;
	if (now_ns - drain->window_since_ns < DRAIN_REST_NS)
		return;
	drain->receives = drain_is_higher(drain->lowest, drain->lowest_before);
	drain->lowest_before = drain->lowest;
	drain->lowest = received_alone;
	drain->window_since_ns = now_ns;
	drain->windows++;
}

enum drain_obstacle drain_look(struct drain *drain, const struct drain_sample *sample,
			       uint64_t now_ns)
{
	enum drain_obstacle obstacle = DRAIN_CLEAR;

	if (!sample->has_primary) {
		drain->has_begun = false;
		return DRAIN_CLEAR;
	}
	if (!drain->has_begun)
		drain_begin(drain, sample, now_ns);
	drain_follow_received(drain, sample->received_alone, now_ns);
	if (!sample->standby_carries)
		obstacle = DRAIN_NO_CARRIER;
	else if (sample->queued)
		obstacle = DRAIN_QUEUED;
	else if (sample->sent != drain->last.sent)
		obstacle = DRAIN_SENDS;
	drain->last = *sample;
	if (obstacle != DRAIN_CLEAR) {
		drain->rest_since_ns = now_ns;
		return obstacle;
	}
	if (drain->receives)
		return DRAIN_RECEIVES;
	/* The first window may have begun in the middle of a frame and its copy. */
	return drain->windows < 2 || now_ns - drain->rest_since_ns < DRAIN_REST_NS ? DRAIN_SETTLES
										   : DRAIN_CLEAR;
}

const char *drain_explain(enum drain_obstacle obstacle)
{
	switch (obstacle) {
	case DRAIN_NO_CARRIER:
		return "the standby has no carrier, so nothing else can carry the traffic: set its "
		       "link up in the hypervisor";
	case DRAIN_QUEUED:
		return "packets wait in the primary's queues: its link is slow, or paused";
	case DRAIN_SENDS:
		return "packets are still sent over the primary: by a program that uses the device "
		       "itself, or because the standby cannot send";
	case DRAIN_RECEIVES:
		return "the network still sends frames to the primary alone: have the host share "
		       "the MAC (vfsteer-host), or take it from the VF";
	case DRAIN_SETTLES:
		return "there was not enough time to be sure: give it a longer --timeout";
	default:
		return "nothing is in flight";
	}
}
