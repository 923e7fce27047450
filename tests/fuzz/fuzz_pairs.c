/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whatever stands in a pinned map: what status shows of it is text and JSON, and an agent that
 * adopts it stays whole.
 */
#include "report/report.c"
#include "base/names.c"
#include "maps/slot.c"
#include "base/text.c"

#include "fuzz.h"
#include "netdev/netdev_table.h"
#include "report/writer.h"
#include <json-c/json.h>

#define PAIRS_MAX 4

static void expect_text(const struct report *report, const struct report_writer *writer, bool json)
{
	enum json_tokener_error flaw = json_tokener_success;
	struct json_tokener *tokener;
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	FUZZ_EXPECT(!report_write(report, writer, stream) && !fclose(stream) &&
		    strlen(text) == size);
	if (json) {
		tokener = json_tokener_new();
		json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
		json_object_put(json_tokener_parse_ex(tokener, text, (int)size));
		flaw = json_tokener_get_error(tokener);
		json_tokener_free(tokener);
	} else {
		for (size_t i = 0; i < size; i++)
			FUZZ_EXPECT(text[i] == '\n' || !iscntrl((unsigned char)text[i]));
	}
	FUZZ_EXPECT(flaw == json_tokener_success);
	free(text);
}

/* As status, with the counters made of the same bytes, in place of the kernel's. */
static void expect_report(const struct pins *pins, unsigned slots, bool exists)
{
	struct report_pair pairs[PAIRS_MAX];
	struct report report = { .agent = exists, .pairs = pairs };
	char watched[sizeof(*pins->pairs) + 1];

	for (unsigned slot = 0; slot < slots; slot++) {
		struct report_pair *pair = &pairs[report.pair_count];

		*pair = describe_slot(&pins->pairs[slot], pins_state(pins, slot), exists);
		FUZZ_EXPECT(pair->last_switch_age_ns >= 0);
		FUZZ_EXPECT(exists || pair->state.active == PATH_STANDBY);
		pair->attached_by = "tcx";
		memcpy(&pair->counters, &pins->pairs[slot], sizeof(pair->counters));
		report.pair_count++;
	}
	snprintf(watched, sizeof(watched), "%.*s", (int)sizeof(*pins->pairs),
		 (const char *)pins->pairs);
	read_watched(watched, &report);
	expect_text(&report, &report_text, false);
	expect_text(&report, &report_json, true);
}

/* Without an end to the name, printing it would be seen. */
static void expect_repaired(const struct vfsteer_pair *slot, const char *field, unsigned value)
{
	FUZZ_EXPECT(memchr(slot->standby, '\0', sizeof(slot->standby)) && *field && value);
}

static void expect_adoption(struct pins *pins, unsigned slots)
{
	struct netdev primary = { .ifindex = 3, .name = "eth1", .pci_address = "0000:01:00.0" };
	struct netdev standby = { .ifindex = (int)pins->pairs[0].standby_ifindex,
				  .name = "eth0",
				  .carrier = true };
	struct netdev_table table = { 0 };
	char name[VFSTEER_NAME_SIZE];
	bool known;
	int slot = slot_find(pins, pins->pairs[0].network_namespace, standby.ifindex, &known);

	FUZZ_EXPECT(slot < VFSTEER_MAX_PAIRS && (slot >= 0 || !known));
	memcpy(name, pins->pairs[0].standby, sizeof(name));
	name[sizeof(name) - 1] = '\0';
	FUZZ_EXPECT(pins_find(pins, name) < (int)slots);
	/* The table is empty: no pair of this namespace has its devices. */
	for (unsigned i = 0; i < slots; i++)
		FUZZ_EXPECT(slot_is_dead(&pins->pairs[i], pins->pairs[i].network_namespace,
					 &table) == !!pins->pairs[i].standby[0]);
	slot_repair(pins, expect_repaired);
	for (unsigned i = 0; i < VFSTEER_MAX_PAIRS; i++)
		FUZZ_EXPECT(pins->pairs[i].standby[0]
				    ? i < pins_slots_used(pins) &&
					      pins->pairs[i].kind <= KIND_NET_FAILOVER
				    : !pins->pairs[i].standby_ifindex);
	FUZZ_EXPECT(!pins_slots_used(pins) || pins->pairs[pins_slots_used(pins) - 1].standby[0]);
	slot = slot_find(pins, 1, standby.ifindex, &known);
	if (!known)
		slot_take(pins, (unsigned)slot);
	FUZZ_EXPECT((unsigned)slot < pins_slots_used(pins) &&
		    pins_state(pins, (unsigned)slot).active < VFSTEER_PATH_MAX);
	slot_write_owner(&pins->pairs[slot], &standby);
	slot_write_standby(&pins->pairs[slot], &standby);
	slot_write_primary(&pins->pairs[slot], &primary);
	slot_follow_primary(&pins->pairs[slot], &primary);
	FUZZ_EXPECT(pins_find(pins, "eth0") >= 0 && !strcmp(pins->pairs[slot].primary, "eth1"));
	FUZZ_EXPECT(memchr(pins->pairs[slot].primary_pci_port, '\0', 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pins pins = { .counters_fd = -1 };
	unsigned slots = (unsigned)(size / sizeof(*pins.pairs));

	if (!slots || slots > PAIRS_MAX)
		return 0;
	/* Just as large as the map: what is read or written past its end is seen. */
	pins.pairs = calloc(VFSTEER_MAX_PAIRS, sizeof(*pins.pairs));
	memcpy(pins.pairs, data, slots * sizeof(*pins.pairs));
	expect_report(&pins, slots, size % 2);
	expect_adoption(&pins, slots);
	free(pins.pairs);
	return 0;
}
