/* SPDX-License-Identifier: GPL-2.0-only */
#include "host/host_entries.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/crash_point.h"
#include "base/log.h"
#include "base/mac.h"
#include "base/room.h"
#include "host/host_guests.h"
#include "host/host_journal.h"
#include "host/host_taps.h"
#include "netdev/link.h"

#define RETRY_NS 1000000000ULL
#define RETRY_SHIFT_MAX 5

static struct host_links *links_of(const struct host *host)
{
	return host->places[0]->links;
}

static struct host_entry *find(const struct host *host, int pf, const uint8_t *mac)
{
	for (size_t i = 0; i < host->entry_count; i++)
		if (host->entries[i].pf == pf && memcmp(host->entries[i].mac, mac, ETH_ALEN) == 0)
			return &host->entries[i];
	return NULL;
}

static struct host_entry *make(struct host *host, const struct netdev *pf, const uint8_t *mac)
{
	struct host_entry *entry;

	if (room_for_one(host->entries, host->entry_count, &host->entry_size))
		return NULL;
	entry = &host->entries[host->entry_count++];
	*entry = (struct host_entry){ .pf = pf->ifindex };
	memcpy(entry->pf_name, pf->name, sizeof(entry->pf_name));
	memcpy(entry->mac, mac, ETH_ALEN);
	return entry;
}

static void forget(struct host *host, struct host_entry *entry)
{
	*entry = host->entries[--host->entry_count];
}

static void complain(struct host_entry *entry, const char *what, int error)
{
	char mac[MAC_TEXT_SIZE];

	mac_write(entry->mac, mac);
	if (entry->error != error)
		log_warning("%s: %s: %s: %s; 'vfsteer-host check' says what this PF can do",
			    entry->pf_name, mac, what, strerror(-error));
	entry->error = error;
	entry->retry_ns =
		host_now_ns() + (RETRY_NS << (entry->attempts < RETRY_SHIFT_MAX ? entry->attempts
										: RETRY_SHIFT_MAX));
	entry->attempts++;
}

/* Is the MAC on the receive list? Returns 1, 0 or -errno. */
static int is_listed(const struct host *host, int pf, const uint8_t *mac)
{
	struct link_filter *list = NULL;
	size_t count = 0;
	int found = link_list_unicast(host_links_requests(links_of(host)), pf, &list, &count);

	for (size_t i = 0; i < count && !found; i++)
		found = memcmp(list[i].mac, mac, ETH_ALEN) == 0;
	free(list);
	return found;
}

static const struct host_guest *guest_that_wants(const struct host *host, const uint8_t *mac)
{
	for (size_t i = 0; i < host->guest_count; i++)
		if (host->guests[i]->shared && !memcmp(host->guests[i]->mac, mac, ETH_ALEN))
			return host->guests[i];
	return NULL;
}

static int note_addition(struct host *host, const struct host_entry *entry)
{
	const struct host_guest *guest = guest_that_wants(host, entry->mac);
	struct host_journal_line line = { .pf = entry->pf, .tap_name = "-" };

	memcpy(line.pf_name, entry->pf_name, sizeof(line.pf_name));
	memcpy(line.mac, entry->mac, ETH_ALEN);
	if (guest) {
		line.tap = guest->tap->ifindex;
		memcpy(line.tap_name, guest->tap->name, sizeof(line.tap_name));
		memcpy(line.place, guest->tap->place->name, sizeof(line.place));
	}
	return host_journal_add(host->journal, &line);
}

/*
 * First it is looked whether the entry is there, then the journal names it as ours, then it is
 * added: a process that is killed in between leaves nothing that the next one takes for ours, but
 * for an administrator's entry of this very moment.
 */
static void add(struct host *host, struct host_entry *entry)
{
	int error = is_listed(host, entry->pf, entry->mac);

	if (error > 0) {
		entry->is_foreign = true;
		entry->error = 0;
		return;
	}
	if (!error)
		error = note_addition(host, entry);
	if (error) {
		complain(entry, "cannot be noted in the journal", error);
		return;
	}
	crash_point("host-entry-noted");
	error = link_add_new_filter(host_links_requests(links_of(host)), entry->pf, entry->mac);
	crash_point("host-entry-added");
	if (error)
		host_journal_remove(host->journal, entry->pf, entry->mac);
	if (error == -EEXIST) {
		entry->is_foreign = true;
	} else if (error) {
		host->totals.entry_failures++;
		complain(entry, "cannot be shared with the PF", error);
		return;
	}
	entry->is_present = !error;
	host->totals.entries_added += !error;
	entry->error = 0;
	entry->attempts = 0;
	entry->since_ns = host_now_ns();
}

static void take_away(struct host *host, struct host_entry *entry)
{
	int error = 0;

	if (entry->is_present) {
		error = link_del_filter(host_links_requests(links_of(host)), entry->pf, entry->mac);
		crash_point("host-entry-deleted");
		if (error && error != -ENODEV) {
			host->totals.entry_failures++;
			complain(entry, "cannot be taken back from the PF", error);
			return;
		}
		host_journal_remove(host->journal, entry->pf, entry->mac);
		crash_point("host-entry-forgotten");
		host->totals.entries_removed++;
	}
	forget(host, entry);
}

/* Marks what the guests with @mac want, and makes entries for it. */
static void want(struct host *host, const uint8_t *mac)
{
	for (size_t i = 0; i < host->guest_count; i++) {
		const struct host_guest *guest = host->guests[i];
		struct host_targets targets;

		if (!guest->shared || memcmp(guest->mac, mac, ETH_ALEN) != 0)
			continue;
		host_guests_targets(host, guest, &targets);
		for (size_t j = 0; j < targets.count; j++) {
			struct host_entry *entry = find(host, targets.ifindexes[j], mac);

			if (!entry)
				entry = make(
					host,
					&host_links_by_index(links_of(host), targets.ifindexes[j])
						 ->device,
					mac);
			if (entry)
				entry->wanted = true;
		}
	}
}

void host_entries_apply(struct host *host, const uint8_t mac[ETH_ALEN])
{
	uint64_t now_ns = host_now_ns();

	for (size_t i = 0; i < host->entry_count; i++)
		if (memcmp(host->entries[i].mac, mac, ETH_ALEN) == 0)
			host->entries[i].wanted = false;
	want(host, mac);
	for (size_t i = host->entry_count; i-- > 0;) {
		struct host_entry *entry = &host->entries[i];

		if (memcmp(entry->mac, mac, ETH_ALEN) != 0)
			continue;
		/* The PF is gone, and its list with it. */
		if (!host_links_by_index(links_of(host), entry->pf)) {
			host_journal_remove(host->journal, entry->pf, entry->mac);
			forget(host, entry);
			continue;
		}
		if (entry->error && now_ns < entry->retry_ns)
			continue;
		if (!entry->wanted)
			take_away(host, entry);
		else if (!entry->is_present && !entry->is_foreign)
			add(host, entry);
	}
}

void host_entries_apply_all(struct host *host)
{
	for (size_t i = 0; i < host->guest_count; i++)
		host_entries_apply(host, host->guests[i]->mac);
	for (size_t i = host->entry_count; i-- > 0;) {
		uint8_t mac[ETH_ALEN];

		if (i >= host->entry_count)
			continue;
		memcpy(mac, host->entries[i].mac, ETH_ALEN);
		if (!host_guests_any(host, mac))
			host_entries_apply(host, mac);
	}
}

void host_entries_retry(struct host *host)
{
	uint64_t now_ns = host_now_ns();

	for (size_t i = host->entry_count; i-- > 0;) {
		uint8_t mac[ETH_ALEN];

		if (i >= host->entry_count || !host->entries[i].error ||
		    now_ns < host->entries[i].retry_ns)
			continue;
		memcpy(mac, host->entries[i].mac, ETH_ALEN);
		host_entries_apply(host, mac);
	}
}

void host_entries_note(struct host *host, const struct host_station *station)
{
	struct host_entry *entry = find(host, station->port_ifindex, station->mac);

	if (!entry || !station->is_gone || (!entry->is_present && !entry->is_foreign))
		return;
	/* Our own deletions come here too, after the entry was forgotten or added again. */
	if (is_listed(host, entry->pf, entry->mac) != 0)
		return;
	entry->is_present = entry->is_foreign = false;
	host_journal_remove(host->journal, entry->pf, entry->mac);
	host_entries_apply(host, station->mac);
}

/* An entry of an earlier process. It stays if the tap that wanted it still may. */
static void adopt(struct host *host, const struct host_journal_line *line)
{
	const struct host_link *pf = host_links_by_index(links_of(host), line->pf);
	struct host_entry *entry;

	/* Linux does not use an ifindex twice by itself; a name may have changed. */
	if (!pf || is_listed(host, line->pf, line->mac) != 1) {
		host_journal_remove(host->journal, line->pf, line->mac);
		return;
	}
	entry = make(host, &pf->device, line->mac);
	if (!entry)
		return;
	entry->is_present = true;
	entry->since_ns = host_now_ns();
	host_guests_adopt(host, line->place, line->tap, line->tap_name, line->mac);
}

int host_entries_open(struct host *host)
{
	struct host_journal_line *lines;
	size_t count;
	int error = host_journal_open(host->run_directory, host->places[0]->inode, &host->journal,
				      &lines, &count);

	if (error)
		return error;
	for (size_t i = 0; i < count; i++)
		adopt(host, &lines[i]);
	free(lines);
	return 0;
}

void host_entries_close(struct host *host, bool is_kept)
{
	for (size_t i = host->entry_count; i-- > 0 && !is_kept;)
		take_away(host, &host->entries[i]);
	free(host->entries);
	host_journal_close(host->journal);
	host->entries = NULL;
	host->journal = NULL;
	host->entry_count = host->entry_size = 0;
}
