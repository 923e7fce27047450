/* SPDX-License-Identifier: GPL-2.0-only */
#include "host/host_report.h"

#include <string.h>

#include "base/log.h"
#include "base/mac.h"
#include "base/names.h"
#include "base/text.h"
#include "host/host_guests.h"

double host_report_age_s(uint64_t then_ns)
{
	return (double)(host_now_ns() - then_ns) / 1e9;
}

const char *host_report_entry(const struct host_entry *entry, char *text, size_t size)
{
	if (entry->error)
		snprintf(text, size, "not possible: %s", strerror(-entry->error));
	else
		snprintf(text, size, "%s",
			 entry->is_present   ? "shared"
			 : entry->is_foreign ? "there before"
					     : "pending");
	return text;
}

static void write_name(const struct host_tap *tap, FILE *stream)
{
	char name[NAME_MAX + IF_NAMESIZE];

	snprintf(name, sizeof(name), "%s%s%s", tap->place->name, tap->place->name[0] ? "/" : "",
		 tap->name);
	text_mask(name);
	fputs(name, stream);
}

static void write_entries(const struct host *host, const struct host_guest *guest, FILE *stream)
{
	char text[128];
	bool any = false;

	for (size_t i = 0; i < host->entry_count; i++) {
		const struct host_entry *entry = &host->entries[i];

		if (memcmp(entry->mac, guest->mac, ETH_ALEN) != 0)
			continue;
		any = true;
		fprintf(stream, "  %s: %s", entry->pf_name,
			host_report_entry(entry, text, sizeof(text)));
		if (entry->is_present)
			fprintf(stream, " for %.0f s", host_report_age_s(entry->since_ns));
		fputc('\n', stream);
	}
	if (guest->shared && !any)
		fputs("  no PF of this host has a VF with this MAC\n", stream);
}

static void write_guest(const struct host *host, const struct host_guest *guest, FILE *stream)
{
	char mac[MAC_TEXT_SIZE];

	mac_write(guest->mac, mac);
	write_name(guest->tap, stream);
	fprintf(stream, "   %s   %s: %s   (by %s)\n", mac, guest->shared ? "shared" : "not shared",
		host_sharing_words(guest->reason), host_rules_words(guest->permission));
	if (guest->has_spoken)
		fprintf(stream, "  signal %.1f s ago: active: %s, primary: %s%s%s%s\n",
			host_report_age_s(guest->signal_ns), words_path(guest->signal.active),
			words_primary_state(guest->signal.primary),
			guest->signal.flags & HOST_SIGNAL_DRAINED ? ", drained" : "",
			guest->signal.flags & HOST_SIGNAL_UNLOADED ? ", unloaded"
			: guest->signal.flags & HOST_SIGNAL_ENDS   ? ", the agent ended"
								   : "",
			host_guests_is_silent(guest) && !(guest->signal.flags & HOST_SIGNAL_ENDS)
				? ", overdue"
				: "");
	else
		fputs("  no signal so far\n", stream);
	write_entries(host, guest, stream);
}

static void write_tap(const struct host_tap *tap, FILE *stream)
{
	char mac[MAC_TEXT_SIZE];

	if (tap->error) {
		write_name(tap, stream);
		fprintf(stream, "   signals cannot be received: %s\n", strerror(-tap->error));
	}
	if (!tap->refused)
		return;
	mac_write(tap->refused_mac, mac);
	write_name(tap, stream);
	fprintf(stream, "   %s   refused: %s (%llu times)\n", mac, host_rules_words(tap->refusal),
		(unsigned long long)tap->refused);
}

void host_report_text(const struct host *host, FILE *stream)
{
	const struct host_totals *totals = &host->totals;

	for (size_t i = 0; i < host->guest_count; i++)
		write_guest(host, host->guests[i], stream);
	for (size_t i = 0; i < host->tap_count; i++)
		write_tap(host->taps[i], stream);
	if (host->guest_count)
		fputc('\n', stream);
	fprintf(stream, "%zu taps, %zu MACs; %llu signals, %llu refused, %llu malformed\n",
		host->tap_count, host->guest_count, (unsigned long long)totals->signals,
		(unsigned long long)totals->refused, (unsigned long long)totals->malformed);
	if (totals->entries_added)
		fprintf(stream,
			"shared %llu times; from signal to entry: last %llu us, at most %llu "
			"us\n",
			(unsigned long long)totals->entries_added,
			(unsigned long long)totals->latency_last_us,
			(unsigned long long)totals->latency_max_us);
}
