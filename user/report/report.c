/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/report.h"

#include "announce/arp_rules.h"
#include "base/clock.h"
#include "base/kernel.h"
#include "base/text.h"
#include "datapath/drops.h"
#include "datapath/steer.h"
#include "maps/pins_make.h"
#include "maps/slot.h"
#include "maps/slot_drain.h"
#include "netdev/link.h"
#include "netdev/qdisc.h"
#include "policy/policy.h"
#include "report/report_devices.h"
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

/*
 * The map is current unless the device left after the agent ended. From another netns that cannot
 * be checked.
 */
static bool primary_exists(const struct vfsteer_pair *pair)
{
	char name[IF_NAMESIZE];

	if (!pair->primary_ifindex || !slot_is_here(pair))
		return pair->primary_ifindex;
	return if_indextoname(pair->primary_ifindex, name) || errno != ENXIO;
}

/*
 * A watch program has just set it down, or no agent noted the reason: the reason then follows from
 * the cause of the switchover.
 */
static enum vfsteer_down_reason describe_down(const struct vfsteer_state *state,
					      enum vfsteer_down_reason noted)
{
	if (state->primary != PRIMARY_DOWN)
		return DOWN_NOT;
	if (noted != DOWN_NOT)
		return noted;
	switch (state->cause) {
	case CAUSE_SET_DOWN:
		return DOWN_SET_DOWN;
	case CAUSE_DETACHED:
		return DOWN_DETACHED;
	case CAUSE_CARRIER_LOST:
		return DOWN_NO_CARRIER;
	default:
		return DOWN_NOT;
	}
}

/* In ns; -1: at once. */
static int64_t describe_reach_retry(const struct vfsteer_pair *pair, uint64_t now_ns)
{
	int32_t left = (int32_t)(pair->reach_retry_boot_ms - (uint32_t)(now_ns >> 20));

	return left > 0 ? (int64_t)left << 20 : -1;
}

/* In ns; -1: never. */
static int64_t describe_drain_end(const struct vfsteer_pair *pair, uint64_t now_ns)
{
	uint64_t until_ns = slot_drain_until_ns(pair, now_ns);

	if (!until_ns)
		return -1;
	return until_ns > now_ns ? (int64_t)(until_ns - now_ns) : 0;
}

/* Reads a slot, which may have any content: an agent may be writing it at this moment. */
static struct report_pair describe_slot(const struct vfsteer_pair *pair, struct vfsteer_state state,
					bool primary_exists)
{
	uint64_t now_ns = clock_now_ns(CLOCK_BOOTTIME), retry_ns;
	struct report_pair report = {
		.is_here = slot_is_here(pair),
		.kind = pair->kind == KIND_NET_FAILOVER ? KIND_NET_FAILOVER : KIND_PLAIN,
		.primary_is_named = pair->primary_is_named,
		.state = state,
		.standby_carrier = pair->standby_has_carrier,
		.liveness = pair->liveness,
		.compare_and_swap = pair->compares_and_swaps,
		.removals_held = pair->removals_are_held,
		.rx_direct = pair->rx_direct,
		.egress_is_before = pair->egress_is_before,
		.announce = pair->announce,
		.announce_exceptions = pair->announce_exceptions,
		.announced_frames = pair->announced_frames,
		.unsent_frames = pair->unsent_frames,
		.reach = pair->primary_reach,
		.xdp_mirror = pair->xdp_mirror,
		.failures = pair->primary_failures,
		/* The switchover may be later than the clock that was read here. */
		.last_switch_age_ns = pair->last_switch_boot_ns < now_ns
					      ? (int64_t)(now_ns - pair->last_switch_boot_ns)
					      : 0,
	};

	/* The last byte of each string stays zero. */
	memcpy(report.owner, pair->owner, sizeof(report.owner) - 1);
	memcpy(report.standby, pair->standby, sizeof(report.standby) - 1);
	memcpy(report.primary, pair->primary, sizeof(report.primary) - 1);
	memcpy(report.mac, pair->mac, sizeof(report.mac) - 1);
	text_mask(report.owner);
	text_mask(report.standby);
	text_mask(report.primary);
	text_mask(report.mac);
	if (report.state.primary == PRIMARY_ABSENT || !primary_exists) {
		/* What the data path does with the next packet, whatever the word says. */
		report.state.primary = PRIMARY_ABSENT;
		report.state.active = PATH_STANDBY;
		report.primary[0] = '\0';
	}
	report.down_reason = describe_down(&report.state, pair->down_reason);
	retry_ns = policy_retry_ns(report.state, pair->primary_failures, pair->last_switch_boot_ns);
	report.retry_in_ns = retry_ns > now_ns ? (int64_t)(retry_ns - now_ns) : -1;
	if (report.down_reason == DOWN_UNREACHABLE)
		report.retry_in_ns = describe_reach_retry(pair, now_ns);
	report.drain = slot_drain(pair);
	report.drain_ends_in_ns = describe_drain_end(pair, now_ns);
	report.last_switch_unix_ns =
		(int64_t)clock_now_ns(CLOCK_REALTIME) - report.last_switch_age_ns;
	/*
	 * Two clocks are never read at the same time: round to a millisecond, so that repeated
	 * calls agree.
	 */
	report.last_switch_unix_ns -= report.last_switch_unix_ns % 1000000;
	return report;
}

/*
 * Read from both devices now, so that it is right without an agent. What cannot be read is not
 * reported.
 */
static struct report_qdisc read_qdisc(const struct vfsteer_pair *pair, bool has_primary)
{
	struct report_qdisc qdisc = { 0 };
	struct link_requests *requests;
	struct qdisc_plan plan;

	if (!slot_is_here(pair) || link_requests_new(&requests))
		return qdisc;
	if (!qdisc_plan_read(requests, (int)pair->owner_ifindex,
			     has_primary ? (int)pair->primary_ifindex : 0, pair->primary_qdisc,
			     pair->qdisc_is_kept, &plan)) {
		qdisc.mirrored = plan.verdict == QDISC_MIRRORED;
		if (qdisc.mirrored || qdisc_plan_is_bypassed(&plan))
			memcpy(qdisc.kind, plan.kind, sizeof(qdisc.kind));
		qdisc_plan_explain(&plan, qdisc.why, sizeof(qdisc.why));
		if (!has_primary && (plan.verdict == QDISC_BUILD || plan.verdict == QDISC_LATER))
			snprintf(qdisc.why, sizeof(qdisc.why), "there is no primary");
		if (pair->kind == KIND_NET_FAILOVER && plan.verdict == QDISC_KEPT)
			snprintf(qdisc.why, sizeof(qdisc.why),
				 "frames are redirected to net_failover's slaves: it belongs on "
				 "both of them");
		qdisc.queued = qdisc.mirrored ? plan.queued : 0;
		text_mask(qdisc.kind);
		text_mask(qdisc.why);
		qdisc_plan_free(&plan);
	}
	link_requests_free(requests);
	return qdisc;
}

/*
 * In a net_failover pair no program counts the unicast that the primary brings (owner_ingress): the
 * kernel does, for as long as the device exists.
 */
static void read_received(const struct vfsteer_pair *pair, bool has_primary,
			  struct vfsteer_counters *counters)
{
	uint64_t packets = 0, bytes = 0;
	struct link_requests *requests;

	if (pair->kind != KIND_NET_FAILOVER || !slot_is_here(pair) || link_requests_new(&requests))
		return;
	if (has_primary)
		link_get_received(requests, (int)pair->primary_ifindex, &packets, &bytes);
	counters->rx_primary_packets = packets;
	counters->rx_primary_bytes = bytes;
	link_requests_free(requests);
}

static int read_pair(const struct pins *pins, unsigned slot, bool agent, struct report_pair *ret)
{
	struct vfsteer_pair pair = pins->pairs[slot];
	struct report_pair report =
		describe_slot(&pair, pins_state(pins, slot), primary_exists(&pair));
	int err = pins_counters(pins, slot, &report.counters);

	if (err)
		return err;
	report.slot = slot;
	read_received(&pair, report.primary[0], &report.counters);
	steer_get_egress_others(pins, (int)pair.owner_ifindex, &report.egress_others);
	report.qdisc = read_qdisc(&pair, report.primary[0]);
	if (report.is_here) {
		const struct hints_view view =
			hints_read(report.kind, report.standby, report.standby_carrier);

		report.hint_count = (unsigned)hints_check(&view, report.hints);
	}
	report.attached_by = steer_describe(pins, (int)pair.owner_ifindex);
	/* Without an agent there is no retry. */
	if (!agent)
		report.retry_in_ns = -1;
	*ret = report;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void read_function(const char *name, char (*functions)[48], unsigned *count)
{
	if (*count == REPORT_WATCHED_MAX)
		return;
	snprintf(functions[*count], sizeof(functions[0]), "%.47s", name);
	text_mask(functions[(*count)++]);
}

static bool read_watched(const char *name, void *argument)
{
	struct report *report = argument;

	read_function(name, report->watched, &report->watched_count);
	return true;
}

static bool read_silent(const char *name, void *argument)
{
	struct report *report = argument;

	read_function(name, report->silent, &report->silent_count);
	return true;
}

/* What the devices of a pair do for its ports. */
static void read_uplinks(const struct report_ports *ports, struct report_pair *pair)
{
	pair->standby_uplink = ports->uplinks[pair->slot].standby;
	pair->primary_uplink = ports->uplinks[pair->slot].primary;
	for (unsigned i = 0; i < ports->count; i++)
		pair->port_count += !strcmp(ports->ports[i].pair, pair->owner);
}

int report_read(const struct pins *pins, int slot, bool agent, struct report *ret)
{
	bool arp_is_filtered = arp_rules_exist();
	struct report report = {
		.agent = agent,
		.tracing_off = !kernel_runs_tracing(),
		.backlog_counted = drops_are_counted(pins),
	};

	if (!report.tracing_off) {
		pins_sweep_links(pins, "watch-", read_watched, &report);
		pins_sweep_links(pins, "silent-", read_silent, &report);
	}
	qsort(report.silent, report.silent_count, sizeof(report.silent[0]), compare_names);
	qsort(report.watched, report.watched_count, sizeof(report.watched[0]), compare_names);
	report.pairs = calloc(VFSTEER_MAX_PAIRS, sizeof(*report.pairs));
	if (!report.pairs)
		return -ENOMEM;
	for (unsigned i = 0; i < VFSTEER_MAX_PAIRS; i++) {
		int err;

		if (!pins->pairs[i].standby[0] || (slot >= 0 && i != (unsigned)slot))
			continue;
		err = read_pair(pins, i, agent, &report.pairs[report.pair_count]);
		if (err) {
			report_free(&report);
			return err;
		}
		report.pair_count++;
	}
	if (report_ports_read(pins, &report.ports)) {
		report_free(&report);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < report.pair_count; i++) {
		struct report_pair *pair = &report.pairs[i];

		pair->arp_is_filtered = arp_is_filtered && pair->announce == ANNOUNCE_ALL;
		read_uplinks(report.ports, pair);
	}
	/* The report is useful without the rest. */
	report_devices_read(pins, &report);
	*ret = report;
	return 0;
}

void report_free(struct report *report)
{
	free(report->pairs);
	free(report->ports);
	*report = (struct report){ 0 };
}
