/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/mac.h"
#include "base/names.h"
#include "base/text.h"
#include "host/host_guests.h"
#include "host/host_report.h"

static int add_name(struct json_object *to, const char *key, const char *name)
{
	char text[NAME_MAX];

	snprintf(text, sizeof(text), "%s", name);
	text_mask(text);
	return json_add_optional(to, key, text);
}

static int add_mac(struct json_object *to, const char *key, const uint8_t *mac)
{
	char text[MAC_TEXT_SIZE];

	mac_write(mac, text);
	return json_add_string(to, key, text);
}

static int add_number(struct json_object *to, const char *key, uint64_t value)
{
	return json_add(to, key, json_object_new_uint64(value));
}

static int add_age(struct json_object *to, const char *key, uint64_t then_ns)
{
	return json_add(to, key, json_object_new_uint64((host_now_ns() - then_ns) / 1000000));
}

static int add_signal(struct json_object *to, const struct host_guest *guest)
{
	const struct host_signal *signal = &guest->signal;
	struct json_object *object;

	if (!guest->has_spoken)
		return json_add_null(to, "signal");
	return json_add_object(to, "signal", &object) ||
			       add_age(object, "age_ms", guest->signal_ns) ||
			       json_add_string(object, "active", words_path(signal->active)) ||
			       json_add_string(object, "primary_state",
					       words_primary_state(signal->primary)) ||
			       json_add_string(object, "kind", words_kind(signal->kind)) ||
			       json_add(object, "drained",
					json_object_new_boolean(
						!!(signal->flags & HOST_SIGNAL_DRAINED))) ||
			       json_add(object, "ended",
					json_object_new_boolean(
						!!(signal->flags & HOST_SIGNAL_ENDS))) ||
			       json_add(object, "overdue",
					json_object_new_boolean(host_guests_is_silent(guest))) ||
			       add_number(object, "sequence", signal->sequence) ||
			       add_number(object, "interval_ms", signal->interval_ms) ||
			       add_number(object, "switches", signal->switches)
		       ? -ENOMEM
		       : 0;
}

static int add_entries(struct json_object *to, const struct host *host,
		       const struct host_guest *guest)
{
	struct json_object *array, *object;
	char text[128];

	if (json_add_array(to, "pfs", &array))
		return -ENOMEM;
	for (size_t i = 0; i < host->entry_count; i++) {
		const struct host_entry *entry = &host->entries[i];

		if (memcmp(entry->mac, guest->mac, ETH_ALEN) != 0)
			continue;
		object = json_object_new_object();
		if (json_append(array, object) || add_name(object, "pf", entry->pf_name) ||
		    json_add_string(object, "state",
				    host_report_entry(entry, text, sizeof(text))) ||
		    (entry->is_present && add_age(object, "age_ms", entry->since_ns)))
			return -ENOMEM;
	}
	return 0;
}

static int add_guest(struct json_object *array, const struct host *host,
		     const struct host_guest *guest)
{
	struct json_object *object = json_object_new_object();

	return json_append(array, object) || add_name(object, "tap", guest->tap->name) ||
			       add_name(object, "netns", guest->tap->place->name) ||
			       add_mac(object, "mac", guest->mac) ||
			       json_add(object, "shared", json_object_new_boolean(guest->shared)) ||
			       json_add_string(object, "reason",
					       host_sharing_words(guest->reason)) ||
			       json_add_string(object, "permitted_by",
					       host_rules_words(guest->permission)) ||
			       add_age(object, "decided_ms", guest->decided_ns) ||
			       add_number(object, "signals", guest->signals) ||
			       add_signal(object, guest) || add_entries(object, host, guest)
		       ? -ENOMEM
		       : 0;
}

static int add_tap(struct json_object *array, const struct host_tap *tap)
{
	struct json_object *object = json_object_new_object(), *refused;

	if (json_append(array, object) || add_name(object, "tap", tap->name) ||
	    add_name(object, "netns", tap->place->name) ||
	    json_add_string(object, "kind", tap->kind) || add_mac(object, "mac", tap->mac) ||
	    json_add_optional(object, "error", tap->error ? strerror(-tap->error) : "") ||
	    add_number(object, "signals", tap->signals) ||
	    add_number(object, "malformed", tap->malformed) ||
	    add_number(object, "stale", tap->stale))
		return -ENOMEM;
	if (!tap->refused)
		return json_add_null(object, "refused");
	return json_add_object(object, "refused", &refused) ||
			       add_number(refused, "count", tap->refused) ||
			       add_mac(refused, "mac", tap->refused_mac) ||
			       json_add_string(refused, "reason", host_rules_words(tap->refusal))
		       ? -ENOMEM
		       : 0;
}

static int add_totals(struct json_object *to, const struct host_totals *totals)
{
	struct json_object *object;

	return json_add_object(to, "counters", &object) ||
			       add_number(object, "signals", totals->signals) ||
			       add_number(object, "refused", totals->refused) ||
			       add_number(object, "malformed", totals->malformed) ||
			       add_number(object, "stale", totals->stale) ||
			       add_number(object, "entries_added", totals->entries_added) ||
			       add_number(object, "entries_removed", totals->entries_removed) ||
			       add_number(object, "entry_failures", totals->entry_failures) ||
			       add_number(object, "latency_last_us", totals->latency_last_us) ||
			       add_number(object, "latency_max_us", totals->latency_max_us)
		       ? -ENOMEM
		       : 0;
}

static int fill(struct json_object *root, const struct host *host)
{
	struct json_object *guests, *taps;

	if (json_add_string(root, "version", VFSTEER_VERSION) ||
	    json_add_array(root, "guests", &guests) || json_add_array(root, "taps", &taps))
		return -ENOMEM;
	for (size_t i = 0; i < host->guest_count; i++)
		if (add_guest(guests, host, host->guests[i]))
			return -ENOMEM;
	for (size_t i = 0; i < host->tap_count; i++)
		if (add_tap(taps, host->taps[i]))
			return -ENOMEM;
	return add_totals(root, &host->totals);
}

int host_report_json(const struct host *host, FILE *stream)
{
	struct json_object *root = json_object_new_object();
	int error = root ? fill(root, host) : -ENOMEM;

	if (!error)
		error = json_write(root, stream);
	json_object_put(root);
	return error;
}
