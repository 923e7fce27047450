/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whatever stands in the pinned maps of the ports: what status shows of it is text and JSON, and an
 * agent that adopts it has names that end.
 */
#include "report/report_ports.c"
#include "port/port_addresses.c"
#include "agent/agent_ports_open.c"
#include "base/names.c"
#include "base/text.c"

#include "fuzz.h"
#include "report/writer.h"

#include <ctype.h>
#include <json-c/json.h>

#define PORTS_MAX 8

/* As `status` with one pair, whose ports these may be, and as `port list`. The caller frees it. */
static char *written(const struct report *report, const struct report_writer *writer, bool alone)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	FUZZ_EXPECT(!(alone ? report_write_ports(report->ports, writer, stream)
			    : report_write(report, writer, stream)));
	FUZZ_EXPECT(!fclose(stream) && strlen(text) == size);
	return text;
}

static void expect_report(const struct vfsteer_port *entries, unsigned count)
{
	static struct report_ports ports;
	static struct report_pair pair;
	const struct report report = { .pair_count = 1, .pairs = &pair, .ports = &ports };
	struct json_object *json;
	char *text;

	memset(&ports, 0, sizeof(ports));
	for (unsigned i = 0; i < count; i++) {
		describe_port(&entries[i], &ports.ports[ports.count]);
		memcpy(&ports.ports[ports.count].counters, &entries[i],
		       sizeof(ports.ports[0].counters));
		ports.count++;
	}
	pair = (struct report_pair){ .attached_by = "tcx", .port_count = count };
	memcpy(pair.standby, ports.ports[0].pair, sizeof(pair.standby));
	memcpy(&pair.standby_uplink, entries, sizeof(pair.standby_uplink));
	memcpy(&pair.primary_uplink, entries, sizeof(pair.primary_uplink));
	for (int alone = 0; alone < 2; alone++) {
		text = written(&report, &report_text, alone);
		for (const char *at = text; *at; at++)
			FUZZ_EXPECT(*at == '\n' || !iscntrl((unsigned char)*at));
		free(text);
		text = written(&report, &report_json, alone);
		json = json_tokener_parse(text);
		FUZZ_EXPECT(json && (!alone || json_object_array_length(json) == count));
		json_object_put(json);
		free(text);
	}
}

static void expect_adoption(const struct vfsteer_port *entries, unsigned count)
{
	static struct agent agent;

	memset(&agent, 0, sizeof(agent));
	agent.world.ports = agent.ports;
	for (unsigned i = 0; i < count; i++) {
		const struct options_port *requested = &agent.world.ports[i].requested;

		agent_port_adopt(&agent, i, &entries[i]);
		FUZZ_EXPECT(strnlen(requested->name, sizeof(requested->name)) <
			    sizeof(requested->name));
		FUZZ_EXPECT(strnlen(requested->pair, sizeof(requested->pair)) <
			    sizeof(requested->pair));
		FUZZ_EXPECT(agent_port_is_as_requested(requested, requested));
	}
}

static void expect_address(const uint8_t *data, size_t size)
{
	struct vfsteer_port_address_key key;
	struct vfsteer_port_address seen;
	struct announcement list = { 0 };

	if (size < sizeof(key) + sizeof(seen))
		return;
	memcpy(&key, data, sizeof(key));
	memcpy(&seen, data + sizeof(key), sizeof(seen));
	FUZZ_EXPECT(!add(&list, &key, &seen) && list.count <= 1);
	announcement_free(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned count = (unsigned)(size / sizeof(struct vfsteer_port));
	struct vfsteer_port *entries;

	expect_address(data, size);
	if (!count || count > PORTS_MAX)
		return 0;
	/* Just as large as what is read: what is read past its end is seen. */
	entries = malloc(count * sizeof(*entries));
	memcpy(entries, data, count * sizeof(*entries));
	expect_report(entries, count);
	expect_adoption(entries, count);
	free(entries);
	return 0;
}
