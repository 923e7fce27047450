/* SPDX-License-Identifier: GPL-2.0-only */
/* Whatever stands in the pinned maps of the ports: what status tells of it is text and JSON, and an agent that adopts it has names that end. */
#include "report/report_ports.c"
#include "port/port_addresses.c"
#include "agent/agent_ports_open.c"
#include "base/names.c"
#include "base/text.c"

#include "fuzz.h"

#include <ctype.h>

#define PORTS_MAX 8

static void expect_report(const struct vfsteer_port *entries, unsigned count)
{
	static struct report_ports ports;
	struct json_object *json;
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	memset(&ports, 0, sizeof(ports));
	for (unsigned i = 0; i < count; i++) {
		describe_port(&entries[i], &ports.ports[ports.count]);
		memcpy(&ports.ports[ports.count].counters, &entries[i], sizeof(ports.ports[0].counters));
		ports.count++;
	}
	memcpy(&ports.uplinks[0], entries, sizeof(ports.uplinks[0]));
	report_ports_write_text(&ports, NULL, 0, stream);
	FUZZ_EXPECT(!fclose(stream) && strlen(text) == size);
	for (size_t i = 0; i < size; i++)
		FUZZ_EXPECT(text[i] == '\n' || !iscntrl((unsigned char)text[i]));
	free(text);
	json = report_ports_to_json(&ports, NULL);
	FUZZ_EXPECT(json && json_object_array_length(json) == count);
	json_object_put(json);
	json = report_ports_xdp_to_json(&ports, 0);
	FUZZ_EXPECT(json);
	json_object_put(json);
}

static void expect_adoption(const struct vfsteer_port *entries, unsigned count)
{
	static struct agent agent;

	memset(&agent, 0, sizeof(agent));
	agent.world.ports = agent.ports;
	for (unsigned i = 0; i < count; i++) {
		const struct options_port *wish = &agent.world.ports[i].wish;

		agent_port_adopt(&agent, i, &entries[i]);
		FUZZ_EXPECT(strnlen(wish->name, sizeof(wish->name)) < sizeof(wish->name));
		FUZZ_EXPECT(strnlen(wish->pair, sizeof(wish->pair)) < sizeof(wish->pair));
		FUZZ_EXPECT(agent_port_is_as_wished(wish, wish));
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
