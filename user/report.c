/* SPDX-License-Identifier: GPL-2.0-only */
#include "report.h"

#include "clock.h"
#include "pins_make.h"
#include "policy.h"
#include "protection.h"
#include "report_candidates.h"
#include "steer.h"
#include "text.h"
#include "words.h"
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Every counter: its key in JSON, and for those that are news when not zero, what it counted in words. */
static const struct counter {
	const char *name;
	size_t offset;
	const char *words;
} counters[] = {
/* clang-format off */
#define COUNTER(field, words) { #field, offsetof(struct vfsteer_counters, field), words }
	/* clang-format on */
	COUNTER(tx_primary_packets, NULL),
	COUNTER(tx_primary_bytes, NULL),
	COUNTER(tx_standby_packets, NULL),
	COUNTER(tx_standby_bytes, NULL),
	COUNTER(rx_primary_packets, NULL),
	COUNTER(rx_primary_bytes, NULL),
	COUNTER(rx_standby_packets, NULL),
	COUNTER(rx_standby_bytes, NULL),
	COUNTER(tx_primary_refused_packets, "sent over the standby instead: the active primary could not send"),
	COUNTER(tx_primary_rescued_packets, "sent over the primary instead: the active standby had no carrier"),
	COUNTER(rx_primary_link_local_packets, "802.1D link-local, left on the primary"),
	COUNTER(drop_group_standby_inactive_packets,
		"dropped: broadcast or multicast on the standby's wire while the primary was active"),
	COUNTER(drop_group_primary_inactive_packets,
		"dropped: broadcast or multicast on the primary's wire while the standby was active"),
	COUNTER(drop_foreign_inactive_packets, "dropped: for a MAC that is not the pair's, on the inactive wire"),
	COUNTER(drop_own_echo_packets, "dropped: our own broadcast or multicast, sent back to us"),
#undef COUNTER
};

#define COUNTER_COUNT (sizeof(counters) / sizeof(counters[0]))
_Static_assert(COUNTER_COUNT * sizeof(__u64) == sizeof(struct vfsteer_counters), "every counter is reported");

static uint64_t counter_value(const struct vfsteer_counters *of, size_t index)
{
	uint64_t value;

	memcpy(&value, (const char *)of + counters[index].offset, sizeof(value));
	return value;
}

static bool is_here(const struct vfsteer_pair *pair)
{
	struct stat namespace;

	return !stat("/proc/self/ns/net", &namespace) && namespace.st_ino == pair->network_namespace;
}

/* The map is current unless the agent died and the device left after it. From another netns nobody can tell. */
static bool primary_exists(const struct vfsteer_pair *pair)
{
	char name[IF_NAMESIZE];

	if (!pair->primary_ifindex || !is_here(pair))
		return pair->primary_ifindex;
	return if_indextoname(pair->primary_ifindex, name) || errno != ENXIO;
}

/* What a slot says, whoever wrote it: an agent that is writing at this moment, or somebody who wrote anything at all. */
static struct report_pair describe_slot(const struct vfsteer_pair *pair, struct vfsteer_state state, bool primary_exists)
{
	uint64_t now_ns = clock_now_ns(CLOCK_BOOTTIME), retry_ns;
	struct report_pair report = {
		.is_here = is_here(pair),
		.primary_is_named = pair->primary_is_named,
		.state = state,
		.standby_carrier = pair->standby_has_carrier,
		.liveness = pair->liveness,
		.compare_and_swap = pair->compares_and_swaps,
		.removals_held = pair->removals_are_held,
		.rx_direct = pair->rx_direct,
		.failures = pair->primary_failures,
		/* The switch may be stamped after the clock was read here. */
		.last_switch_age_ns = pair->last_switch_boot_ns < now_ns ? (int64_t)(now_ns - pair->last_switch_boot_ns) : 0,
	};

	/* The strings' last byte is always ours. */
	memcpy(report.standby, pair->standby, sizeof(report.standby) - 1);
	memcpy(report.primary, pair->primary, sizeof(report.primary) - 1);
	memcpy(report.mac, pair->mac, sizeof(report.mac) - 1);
	text_mask(report.standby);
	text_mask(report.primary);
	text_mask(report.mac);
	if (report.state.primary == PRIMARY_ABSENT || !primary_exists) {
		/* What the data path does with the next packet, whatever the word still says. */
		report.state.primary = PRIMARY_ABSENT;
		report.state.active = PATH_STANDBY;
		report.primary[0] = '\0';
	}
	retry_ns = policy_retry_ns(report.state, pair->primary_failures, pair->last_switch_boot_ns);
	report.retry_in_ns = retry_ns > now_ns ? (int64_t)(retry_ns - now_ns) : -1;
	report.last_switch_unix_ns = (int64_t)clock_now_ns(CLOCK_REALTIME) - report.last_switch_age_ns;
	/* Two clocks are never read at once: what is told does not wobble from call to call, it is good to a millisecond. */
	report.last_switch_unix_ns -= report.last_switch_unix_ns % 1000000;
	return report;
}

static int read_pair(const struct pins *pins, unsigned slot, bool agent, struct report_pair *ret)
{
	struct vfsteer_pair pair = pins->pairs[slot];
	struct report_pair report = describe_slot(&pair, pins_state(pins, slot), primary_exists(&pair));
	int err = pins_counters(pins, slot, &report.counters);

	if (err)
		return err;
	report.slot = slot;
	report.foreign_filters = steer_count_foreign(pair.standby_ifindex);
	report.attached_by = steer_describe(pins, pair.standby_ifindex);
	/* Without an agent nobody takes it back, now or later. */
	if (!agent)
		report.retry_in_ns = -1;
	*ret = report;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static bool read_watched(const char *name, void *argument)
{
	struct report *report = argument;

	if (report->watched_count < REPORT_WATCHED_MAX) {
		char *watched = report->watched[report->watched_count++];

		snprintf(watched, sizeof(report->watched[0]), "%.47s", name);
		text_mask(watched);
	}
	return true;
}

int report_read(const struct pins *pins, int slot, bool agent, struct report *ret)
{
	struct report report = { .agent = agent };

	pins_sweep_links(pins, "watch-", read_watched, &report);
	qsort(report.watched, report.watched_count, sizeof(report.watched[0]), compare_names);
	report.pairs = calloc(pins->capacity, sizeof(*report.pairs));
	if (!report.pairs)
		return -ENOMEM;
	for (unsigned i = 0; i < pins->capacity; i++) {
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
	/* The rest is worth telling without. */
	report_candidates_read(pins, &report);
	*ret = report;
	return 0;
}

void report_free(struct report *report)
{
	free(report->pairs);
	free(report->ports);
	*report = (struct report){ 0 };
}

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

static void write_held_back(const struct report_pair *pair, FILE *stream)
{
	if (pair->retry_in_ns < 0)
		return;
	fprintf(stream, "  held back: failed %u time%s in a row, tried again in ", pair->failures, pair->failures == 1 ? "" : "s");
	write_duration(pair->retry_in_ns, stream);
	fputc('\n', stream);
}

static void write_pair_text(const struct report_pair *pair, const struct report_ports *ports, FILE *stream)
{
	const struct vfsteer_counters *of = &pair->counters;
	const char *primary = *pair->primary ? pair->primary : "none";
	unsigned switches = pair->state.switches;

	fprintf(stream, "%s <-> %s   %s   active: %s (%s)   primary: %s   admin: %s%s\n", pair->standby, primary,
		pair->mac, words_path(pair->state.active), pair->state.active == PATH_PRIMARY ? primary : pair->standby,
		words_primary_state(pair->state.primary), words_admin(pair->state.admin),
		pair->standby_carrier ? "" : "   standby: no carrier");
	if (switches) {
		fprintf(stream, "  last switch: to %s, ", words_path(pair->state.active));
		write_duration(pair->last_switch_age_ns, stream);
		fprintf(stream, " ago: %s (%u switch%s)\n", words_cause(pair->state.cause), switches,
			switches == 1 ? "" : "es");
	} else {
		fputs("  last switch: none yet\n", stream);
	}
	write_held_back(pair, stream);
	report_candidates_write_text(pair, stream);
	fprintf(stream, "  attached by: %s   liveness: %s   rx: %s\n", pair->attached_by, words_liveness(pair->liveness),
		pair->rx_direct ? "direct" : "exact");
	if (protection_missing_liveness(pair->liveness))
		fprintf(stream, "  %s\n", protection_missing_liveness(pair->liveness));
	if (pair->foreign_filters)
		fprintf(stream, "  %u filter%s of others on egress before ours: what they pass finally (action pass) stays on the standby\n",
			pair->foreign_filters, pair->foreign_filters == 1 ? "" : "s");
	fprintf(stream, "  %-8s %16s %20s %16s %20s\n", "", "tx packets", "tx bytes", "rx packets", "rx bytes");
	fprintf(stream, "  %-8s %16" PRIu64 " %20" PRIu64 " %16" PRIu64 " %20" PRIu64 "\n", "primary",
		(uint64_t)of->tx_primary_packets, (uint64_t)of->tx_primary_bytes, (uint64_t)of->rx_primary_packets,
		(uint64_t)of->rx_primary_bytes);
	fprintf(stream, "  %-8s %16" PRIu64 " %20" PRIu64 " %16" PRIu64 " %20" PRIu64 "\n", "standby",
		(uint64_t)of->tx_standby_packets, (uint64_t)of->tx_standby_bytes, (uint64_t)of->rx_standby_packets,
		(uint64_t)of->rx_standby_bytes);
	for (size_t i = 0; i < COUNTER_COUNT; i++) {
		uint64_t value = counter_value(of, i);

		if (counters[i].words && value)
			fprintf(stream, "  %" PRIu64 " packet%s %s\n", value, value == 1 ? "" : "s", counters[i].words);
	}
	if (ports)
		report_ports_write_text(ports, pair->standby, (int)pair->slot, stream);
}

static void write_watched_text(const struct report *report, FILE *stream)
{
	struct protection_warnings warnings = { 0 };
	char missing[128];

	for (unsigned i = 0; i < report->watched_count; i++)
		protection_add(&warnings, report->watched[i]);
	protection_missing_warnings(&warnings, missing, sizeof(missing));
	fprintf(stream, "\nwatching %u kernel functions for a primary's end%s%s\n", report->watched_count,
		missing[0] ? ": no warning of " : "", missing);
	if (report->pair_count && !report->pairs[0].removals_held)
		fputs("a removal does not wait until the switch is announced: a guest that sends nothing may miss what is sent to it meanwhile\n",
		      stream);
}

int report_write_text(const struct report *report, FILE *stream)
{
	if (!report->agent)
		fputs("no agent is running: traffic is steered away from a lost primary, but not back; start 'vfsteer run'\n\n",
		      stream);
	if (!report->pair_count)
		fputs("no pairs: no virtio-net device here yet, or the agent has just begun\n", stream);
	for (unsigned i = 0; i < report->pair_count; i++) {
		if (i)
			fputc('\n', stream);
		write_pair_text(&report->pairs[i], report->ports, stream);
	}
	write_watched_text(report, stream);
	return 0;
}

/* Takes @value over, also on failure. A NULL that stands for "null" in json-c comes as @null. */
static int json_add(struct json_object *to, const char *key, struct json_object *value, bool null)
{
	if (!value && !null)
		return -ENOMEM;
	if (json_object_object_add(to, key, value)) {
		json_object_put(value);
		return -ENOMEM;
	}
	return 0;
}

static int json_add_string(struct json_object *to, const char *key, const char *value)
{
	return json_add(to, key, json_object_new_string(value), false);
}

static int json_add_object(struct json_object *to, const char *key, struct json_object **ret)
{
	struct json_object *object = json_object_new_object();
	int err = json_add(to, key, object, false);

	if (!err)
		*ret = object;
	return err;
}

/* Takes @value over, also on failure. */
static int json_append(struct json_object *array, struct json_object *value)
{
	if (value && !json_object_array_add(array, value))
		return 0;
	json_object_put(value);
	return -ENOMEM;
}

static int json_add_array(struct json_object *to, const char *key, struct json_object **ret)
{
	struct json_object *array = json_object_new_array();
	int err = json_add(to, key, array, false);

	if (!err)
		*ret = array;
	return err;
}

static int json_add_optional(struct json_object *to, const char *key, const char *value)
{
	return *value ? json_add_string(to, key, value) : json_add(to, key, NULL, true);
}

static int json_add_candidates(struct json_object *to, const struct report_pair *pair)
{
	struct json_object *array;
	int err = json_add_array(to, "not_used", &array);

	for (unsigned i = 0; !err && i < pair->candidate_count && i < REPORT_CANDIDATES_MAX; i++) {
		const struct report_candidate *other = &pair->candidates[i];
		struct json_object *object = json_object_new_object();

		err = json_append(array, object);
		err = err ?: json_add_string(object, "device", other->name);
		err = err ?: json_add_optional(object, "pci_address", other->pci_address);
		err = err ?: json_add_optional(object, "permanent_mac", other->permanent_mac);
		err = err ?: json_add_string(object, "reason", candidates_word(other->verdict));
		err = err ?: json_add_string(object, "text", other->text);
	}
	return err;
}

static int json_add_pair(struct json_object *to, const struct report_pair *pair)
{
	const struct vfsteer_state *state = &pair->state;
	struct json_object *last_switch, *values;
	int err = json_add_string(to, "standby", pair->standby);

	err = err ?: json_add_optional(to, "primary", pair->primary);
	err = err ?: json_add(to, "primary_named", json_object_new_boolean(pair->primary_is_named), false);
	err = err ?: json_add_string(to, "mac", pair->mac);
	err = err ?: json_add_string(to, "active", words_path(state->active));
	err = err ?: json_add_string(to, "admin", words_admin(state->admin));
	err = err ?: json_add_string(to, "primary_state", words_primary_state(state->primary));
	err = err ?: json_add_string(to, "attached_by", pair->attached_by);
	err = err ?: json_add_string(to, "liveness", words_liveness(pair->liveness));
	err = err ?: json_add(to, "compare_and_swap", json_object_new_boolean(pair->compare_and_swap), false);
	err = err ?: json_add(to, "removals_held", json_object_new_boolean(pair->removals_held), false);
	err = err ?: json_add(to, "foreign_egress_filters", json_object_new_uint64(pair->foreign_filters), false);
	err = err ?: json_add_string(to, "rx", pair->rx_direct ? "direct" : "exact");
	err = err ?: json_add(to, "standby_carrier", json_object_new_boolean(pair->standby_carrier), false);
	err = err ?: json_add(to, "switches", json_object_new_uint64(state->switches), false);
	if (state->switches) {
		err = err ?: json_add_object(to, "last_switch", &last_switch);
		err = err ?: json_add_string(last_switch, "to", words_path(state->active));
		err = err ?: json_add_string(last_switch, "cause", words_cause(state->cause));
		err = err ?: json_add(last_switch, "unix_ns", json_object_new_int64(pair->last_switch_unix_ns), false);
	} else {
		err = err ?: json_add(to, "last_switch", NULL, true);
	}
	err = err ?: json_add(to, "failures", json_object_new_uint64(pair->failures), false);
	if (pair->retry_in_ns >= 0)
		err = err ?: json_add(to, "retry_in_ms", json_object_new_int64(pair->retry_in_ns / 1000000), false);
	else
		err = err ?: json_add(to, "retry_in_ms", NULL, true);
	err = err ?: json_add_object(to, "counters", &values);
	for (size_t i = 0; !err && i < COUNTER_COUNT; i++)
		err = json_add(values, counters[i].name, json_object_new_uint64(counter_value(&pair->counters, i)),
			       false);
	return err ?: json_add_candidates(to, pair);
}

static int json_add_report(struct json_object *root, const struct report *report)
{
	struct json_object *pairs, *watched;
	int err = json_add_string(root, "version", VFSTEER_VERSION);

	err = err ?: json_add(root, "agent", json_object_new_boolean(report->agent), false);
	err = err ?: json_add_array(root, "watched", &watched);
	for (unsigned i = 0; !err && i < report->watched_count; i++)
		err = json_append(watched, json_object_new_string(report->watched[i]));
	err = err ?: json_add_array(root, "pairs", &pairs);
	for (unsigned i = 0; !err && i < report->pair_count; i++) {
		struct json_object *pair = json_object_new_object();

		err = json_append(pairs, pair);
		err = err ?: json_add_pair(pair, &report->pairs[i]);
		if (report->ports) {
			err = err ?: json_add(pair, "ports", report_ports_to_json(report->ports, report->pairs[i].standby), false);
			err = err ?: json_add(pair, "xdp", report_ports_xdp_to_json(report->ports, report->pairs[i].slot), false);
		}
	}
	return err;
}

int report_write_json(const struct report *report, FILE *stream)
{
	struct json_object *root = json_object_new_object();
	const char *text = NULL;
	int err = root ? json_add_report(root, report) : -ENOMEM;

	if (!err)
		text = json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
	if (text)
		fprintf(stream, "%s\n", text);
	json_object_put(root);
	return err ?: text ? 0 : -ENOMEM;
}
