/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "base/mac.h"
#include "base/text.h"
#include "host/host_guests.h"
#include "host/host_report.h"

static void write_metric(FILE *stream, const char *name, const char *type, const char *help,
			 double value)
{
	fprintf(stream,
		"# HELP vfsteer_host_%s %s\n# TYPE vfsteer_host_%s %s\nvfsteer_host_%s %.17g\n",
		name, help, name, type, name, value);
}

/* Escapes as the format wants it: backslash, quote; control characters are masked. */
static void write_label(FILE *stream, const char *name, const char *value)
{
	char text[NAME_MAX];

	snprintf(text, sizeof(text), "%s", value);
	text_mask(text);
	fprintf(stream, "%s=\"", name);
	for (const char *at = text; *at; at++)
		fprintf(stream, "%s%c", strchr("\\\"", *at) ? "\\" : "", *at);
	fputc('"', stream);
}

static void write_guest(FILE *stream, const struct host_guest *guest, const char *name,
			unsigned value)
{
	char mac[MAC_TEXT_SIZE];

	mac_write(guest->mac, mac);
	fprintf(stream, "vfsteer_host_%s{", name);
	write_label(stream, "tap", guest->tap->name);
	fputc(',', stream);
	write_label(stream, "netns", guest->tap->place->name);
	fprintf(stream, ",mac=\"%s\"} %u\n", mac, value);
}

static void write_guests(const struct host *host, FILE *stream)
{
	fputs("# HELP vfsteer_host_guest_shared The MAC is shared with the PF\n"
	      "# TYPE vfsteer_host_guest_shared gauge\n",
	      stream);
	for (size_t i = 0; i < host->guest_count; i++)
		write_guest(stream, host->guests[i], "guest_shared", host->guests[i]->shared);
	fputs("# HELP vfsteer_host_guest_speaks The guest sends signals and none is overdue\n"
	      "# TYPE vfsteer_host_guest_speaks gauge\n",
	      stream);
	for (size_t i = 0; i < host->guest_count; i++)
		write_guest(stream, host->guests[i], "guest_speaks",
			    host->guests[i]->has_spoken && !host_guests_is_silent(host->guests[i]));
}

void host_report_metrics(const struct host *host, FILE *stream)
{
	const struct host_totals *totals = &host->totals;
	size_t present = 0, failing = 0;

	for (size_t i = 0; i < host->entry_count; i++) {
		present += host->entries[i].is_present;
		failing += host->entries[i].error != 0;
	}
	write_metric(stream, "taps", "gauge", "Taps that are followed", (double)host->tap_count);
	write_metric(stream, "entries", "gauge",
		     "MACs on receive lists of PFs, added by this host part", (double)present);
	write_metric(stream, "entries_failing", "gauge", "MACs that a PF refused", (double)failing);
	write_metric(stream, "signals_total", "counter", "Signals of guests",
		     (double)totals->signals);
	write_metric(stream, "signals_refused_total", "counter",
		     "Signals for a MAC that the tap may not speak for", (double)totals->refused);
	write_metric(stream, "signals_malformed_total", "counter", "Signals that were malformed",
		     (double)totals->malformed);
	write_metric(stream, "signals_stale_total", "counter", "Signals older than the last one",
		     (double)totals->stale);
	write_metric(stream, "entries_added_total", "counter", "MACs shared with a PF",
		     (double)totals->entries_added);
	write_metric(stream, "entries_removed_total", "counter", "MACs taken back from a PF",
		     (double)totals->entries_removed);
	write_metric(stream, "entry_failures_total", "counter", "Requests that the kernel refused",
		     (double)totals->entry_failures);
	write_metric(stream, "latency_max_seconds", "gauge",
		     "Longest time from a signal's arrival to the entry",
		     (double)totals->latency_max_us / 1e6);
	write_guests(host, stream);
}
