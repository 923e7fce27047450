/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/writer.h"

#include "base/names.h"
#include "policy/protection.h"
#include "report/counters.h"
#include <inttypes.h>

static void write_duration(int64_t duration_ns, FILE *stream)
{
	static const struct {
		int64_t below_ms, unit_ms;
		const char *unit;
	} steps[] = {
		{ 1000, 1, "ms" },
		{ 120 * 1000, 1000, "s" },
		{ 120 * 60 * 1000, 60 * 1000, "min" },
		{ 48ll * 60 * 60 * 1000, 60 * 60 * 1000, "h" },
		{ INT64_MAX, 24ll * 60 * 60 * 1000, "d" },
	};
	int64_t duration_ms = duration_ns / 1000000;
	unsigned i = 0;

	while (duration_ms >= steps[i].below_ms)
		i++;
	fprintf(stream, "%" PRId64 " %s", duration_ms / steps[i].unit_ms, steps[i].unit);
}

static void write_drain(const struct report_pair *pair, FILE *stream)
{
	if (pair->drain == DRAIN_NONE)
		return;
	fprintf(stream, "  %s in flight on the primary",
		pair->drain == DRAIN_DONE ? "drained: nothing is" : "draining: something is");
	if (pair->drain_ends_in_ns >= 0) {
		fputs("; ends in ", stream);
		write_duration(pair->drain_ends_in_ns, stream);
	}
	fputc('\n', stream);
}

static void write_held_back(const struct report_pair *pair, FILE *stream)
{
	if (pair->down_reason == DOWN_UNREACHABLE)
		fprintf(stream, "  path_check: neighbours answer over %s, and not over %s%s",
			pair->standby, pair->primary, pair->retry_in_ns >= 0 ? ": " : "");
	else if (pair->retry_in_ns >= 0)
		fprintf(stream, "  held back: failed %u time%s in a row, ", pair->failures,
			pair->failures == 1 ? "" : "s");
	else
		return;
	if (pair->retry_in_ns >= 0) {
		fputs("tried again in ", stream);
		write_duration(pair->retry_in_ns, stream);
	}
	fputc('\n', stream);
}

static void write_qdisc(const struct report_qdisc *qdisc, FILE *stream)
{
	if (!qdisc->kind[0] || !qdisc->mirrored)
		return;
	fprintf(stream, "  root qdisc: %s, on the primary as on the standby", qdisc->kind);
	if (qdisc->queued)
		fprintf(stream, "; %u packet%s wait%s there, and would be lost with it",
			qdisc->queued, qdisc->queued == 1 ? "" : "s",
			qdisc->queued == 1 ? "s" : "");
	fputc('\n', stream);
}

/*
 * A primary that is not used bypasses no XDP program. A program before ours is not bypassed, but
 * may bypass the primary. Nor is a mirrored program that the standby no longer has.
 */
static const char *bypass_prefix(const struct report_pair *pair, enum bypass_kind kind)
{
	if (kind == BYPASS_EGRESS || kind == BYPASS_INGRESS || kind == BYPASS_STANDBY_INGRESS ||
	    kind == BYPASS_XDP_LEFT)
		return "";
	return kind == BYPASS_XDP && pair->down_reason == DOWN_XDP ? "not used: " : "bypassed: ";
}

static void write_bypasses(const struct report_pair *pair, FILE *stream)
{
	bool is_missing = false;

	for (unsigned i = 0; i < pair->bypass_count; i++)
		is_missing |= pair->bypasses[i].kind == BYPASS_XDP ||
			      pair->bypasses[i].kind == BYPASS_XDP_LEFT;
	/* It may have been replaced or detached since the agent noted that. */
	if (!is_missing && pair->xdp_program &&
	    (pair->xdp_mirror == XDP_MIRROR_NATIVE || pair->xdp_mirror == XDP_MIRROR_GENERIC))
		fprintf(stream, "  XDP program %u of %s is on %s, too (%s)\n", pair->xdp_program,
			pair->standby, pair->primary, words_xdp_mirror(pair->xdp_mirror));
	for (unsigned i = 0; i < pair->bypass_count; i++)
		fprintf(stream, "  %s%s\n", bypass_prefix(pair, pair->bypasses[i].kind),
			pair->bypasses[i].text);
}

static void write_candidates(const struct report_pair *pair, FILE *stream)
{
	for (unsigned i = 0; i < pair->candidate_count && i < REPORT_CANDIDATES_MAX; i++) {
		const struct report_candidate *other = &pair->candidates[i];

		fprintf(stream, "  not used: %s%s%s%s: %s\n", other->name,
			other->pci_address[0] ? " (" : "", other->pci_address,
			other->pci_address[0] ? ")" : "", other->text);
	}
	if (pair->candidate_count > REPORT_CANDIDATES_MAX)
		fprintf(stream, "  not used: %u more\n",
			pair->candidate_count - REPORT_CANDIDATES_MAX);
}

static void write_port_others(const struct report_port *port, FILE *stream)
{
	if (port->before[0])
		fprintf(stream, "    %s\n", port->before);
	if (port->behind[0])
		fprintf(stream, "    bypassed: %s\n", port->behind);
}

static void write_port(const struct report_port *port, bool with_pair, FILE *stream)
{
	const struct vfsteer_port_counters *of = &port->counters;

	fprintf(stream, "  port %s   %s", port->name,
		port->mac[0] ? port->mac : "(MAC not known yet)");
	if (with_pair)
		fprintf(stream, "   pair: %s", port->pair);
	if (port->passthrough)
		fputs("   passthrough", stream);
	if (!port->present) {
		fprintf(stream, "   waiting: %s\n", port->why);
	} else {
		fprintf(stream, "   takes by: %s   delivers by: %s\n",
			words_port_driver(port->takes_by), words_port_driver(port->delivers_by));
		if (port->why[0])
			fprintf(stream, "    not by XDP: %s\n", port->why);
	}
	write_port_others(port, stream);
	fprintf(stream,
		"    sent %" PRIu64 " packets, %" PRIu64 " bytes (%" PRIu64 " by XDP); got %" PRIu64
		" packets, %" PRIu64 " bytes (%" PRIu64 " by XDP)\n",
		(uint64_t)of->tx_packets, (uint64_t)of->tx_bytes, (uint64_t)of->tx_native_packets,
		(uint64_t)of->rx_packets, (uint64_t)of->rx_bytes, (uint64_t)of->rx_native_packets);
	counters_write_nonzero(counters_of_port(), of, "    ", stream);
}

static void write_uplink(const char *which, const struct report_uplink *uplink, FILE *stream)
{
	if (uplink->driver == PORT_DRIVER_NONE)
		return;
	fprintf(stream, "   %s: %s%s", which, words_port_driver(uplink->driver),
		uplink->driver == PORT_DRIVER_NATIVE && uplink->why ? ", but sent to by tc" : "");
	if (uplink->why)
		fprintf(stream, " (%s)", words_port_obstacle(uplink->why));
}

static void write_uplinks(const struct report_pair *pair, FILE *stream)
{
	if (!pair->port_count)
		return;
	fputs("  for the ports by", stream);
	if (pair->standby_uplink.driver == PORT_DRIVER_NONE &&
	    pair->primary_uplink.driver == PORT_DRIVER_NONE)
		fputs(" nothing: none of them is bound", stream);
	write_uplink("standby", &pair->standby_uplink, stream);
	write_uplink("primary", &pair->primary_uplink, stream);
	fputc('\n', stream);
}

static void write_pair(const struct report_pair *pair, FILE *stream)
{
	const struct vfsteer_counters *of = &pair->counters;
	const char *primary = *pair->primary ? pair->primary : "none";
	unsigned switches = pair->state.switches;

	if (pair->kind == KIND_NET_FAILOVER)
		fprintf(stream, "%s: ", pair->owner);
	fprintf(stream, "%s <-> %s   %s   active: %s (%s)   primary: %s%s%s   admin: %s%s\n",
		pair->standby, primary, pair->mac, words_path(pair->state.active),
		pair->state.active == PATH_PRIMARY ? primary : pair->standby,
		words_primary_state(pair->state.primary), pair->down_reason == DOWN_NOT ? "" : ", ",
		pair->down_reason == DOWN_NOT ? "" : words_down_reason(pair->down_reason),
		words_admin(pair->state.admin),
		pair->standby_carrier ? "" : "   standby: no carrier");
	if (switches) {
		fprintf(stream, "  last switch: to %s, ", words_path(pair->state.active));
		write_duration(pair->last_switch_age_ns, stream);
		fprintf(stream, " ago: %s (%u switch%s)\n", words_cause(pair->state.cause),
			switches, switches == 1 ? "" : "es");
	} else {
		fputs("  last switch: none yet\n", stream);
	}
	write_drain(pair, stream);
	write_held_back(pair, stream);
	write_candidates(pair, stream);
	for (unsigned i = 0; i < pair->hint_count; i++)
		fprintf(stream, "  %s: %s\n", pair->hints[i].what, pair->hints[i].remedy);
	fprintf(stream, "  attached by: %s   liveness: %s   rx: %s%s%s%s\n", pair->attached_by,
		words_liveness(pair->liveness), pair->rx_direct ? "direct" : "exact",
		pair->egress_is_before ? "   egress: before" : "",
		pair->kind == KIND_PLAIN ? "" : "   kind: ",
		pair->kind == KIND_PLAIN ? "" : words_kind(pair->kind));
	if (protection_missing_liveness(pair->liveness))
		fprintf(stream, "  %s\n", protection_missing_liveness(pair->liveness));
	if (pair->announce != ANNOUNCE_ALL || pair->announce_exceptions)
		fprintf(stream, "  announce: %s, %u exception%s\n", words_announce(pair->announce),
			pair->announce_exceptions, pair->announce_exceptions == 1 ? "" : "s");
	if (pair->arp_is_filtered)
		fputs("  IPv4 addresses are not announced, only MACs: this guest filters ARP (nft "
		      "or "
		      "arptables)\n",
		      stream);
	if (pair->unsent_frames)
		fprintf(stream,
			"  last announcement: %u of %u frames not sent: the device had no room for "
			"them\n",
			pair->unsent_frames, pair->announced_frames);
	write_qdisc(&pair->qdisc, stream);
	write_bypasses(pair, stream);
	fprintf(stream, "  %-8s %16s %20s %16s %20s\n", "", "tx packets", "tx bytes", "rx packets",
		"rx bytes");
	fprintf(stream, "  %-8s %16" PRIu64 " %20" PRIu64 " %16" PRIu64 " %20" PRIu64 "\n",
		"primary", (uint64_t)of->tx_primary_packets, (uint64_t)of->tx_primary_bytes,
		(uint64_t)of->rx_primary_packets, (uint64_t)of->rx_primary_bytes);
	fprintf(stream, "  %-8s %16" PRIu64 " %20" PRIu64 " %16" PRIu64 " %20" PRIu64 "\n",
		"standby", (uint64_t)of->tx_standby_packets, (uint64_t)of->tx_standby_bytes,
		(uint64_t)of->rx_standby_packets, (uint64_t)of->rx_standby_bytes);
	counters_write_nonzero(counters_of_pair(), of, "  ", stream);
	write_uplinks(pair, stream);
}

static void write_watched(const struct report *report, FILE *stream)
{
	struct protection_warnings warnings = { 0 };
	char missing[128];

	for (unsigned i = 0; i < report->watched_count; i++)
		protection_add(&warnings, report->watched[i]);
	protection_missing_warnings(&warnings, missing, sizeof(missing));
	fprintf(stream, "\nwatching %u kernel functions for a primary's end%s%s%s\n",
		report->watched_count, missing[0] ? ": no warning of " : "", missing,
		report->tracing_off ? ": " PROTECTION_TRACING_OFF : "");
	if (report->silent_count)
		fputs("attached, but does not run on this kernel:", stream);
	for (unsigned i = 0; i < report->silent_count; i++)
		fprintf(stream, "%s %s%s", i ? "," : "", report->silent[i],
			i + 1 == report->silent_count ? "\n" : "");
	if (report->pair_count && !report->pairs[0].removals_held)
		fputs("removals are not held until the switchover is announced: a guest that sends "
		      "nothing may lose packets sent to it\n",
		      stream);
}

/* The writer only remembers whether an earlier pair was written. */
static int begin(struct report_output *output, const struct report *report)
{
	if (!report)
		return 0;
	if (!report->agent)
		fputs("no agent is running: traffic is steered away from a lost primary, but not "
		      "back; start 'vfsteer run'\n\n",
		      output->stream);
	if (!report->pair_count)
		fputs("no pairs: no virtio-net device here yet, or the agent has just started\n",
		      output->stream);
	return 0;
}

static int add_pair(struct report_output *output, const struct report_pair *pair)
{
	if (output->state)
		fputc('\n', output->stream);
	output->state = output;
	write_pair(pair, output->stream);
	return 0;
}

static int add_port(struct report_output *output, const struct report_pair *pair,
		    const struct report_port *port)
{
	output->state = output;
	write_port(port, !pair, output->stream);
	return 0;
}

static int end_pair(struct report_output *output, const struct report_pair *pair)
{
	(void)output, (void)pair;
	return 0;
}

static int end(struct report_output *output, const struct report *report, int error)
{
	if (report)
		write_watched(report, output->stream);
	else if (!output->state)
		fputs("no ports\n", output->stream);
	return error;
}

const struct report_writer report_text = { begin, add_pair, add_port, end_pair, end };
