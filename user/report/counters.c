/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/counters.h"
#include "base/json.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

/* One counter: its JSON key, and the text of `status` if it has one. */
struct counter {
	const char *name;
	size_t offset;
	const char *words;
};

struct counters {
	const struct counter *all;
	size_t count;
};

#define OF_PAIR(field, words, explanation)                                                         \
	{ #field, offsetof(struct vfsteer_counters, field), words },
#define OF_PORT(field, words, explanation)                                                         \
	{ #field, offsetof(struct vfsteer_port_counters, field), words },

static const struct counter of_pair[] = { VFSTEER_COUNTERS(OF_PAIR) };
static const struct counter of_port[] = { VFSTEER_PORT_COUNTERS(OF_PORT) };

const struct counters *counters_of_pair(void)
{
	static const struct counters counters = { of_pair, sizeof(of_pair) / sizeof(*of_pair) };

	return &counters;
}

const struct counters *counters_of_port(void)
{
	static const struct counters counters = { of_port, sizeof(of_port) / sizeof(*of_port) };

	return &counters;
}

static uint64_t value_of(const struct counter *counter, const void *values)
{
	uint64_t value;

	memcpy(&value, (const char *)values + counter->offset, sizeof(value));
	return value;
}

void counters_write_nonzero(const struct counters *counters, const void *values, const char *indent,
			    FILE *stream)
{
	for (size_t i = 0; i < counters->count; i++) {
		uint64_t value = value_of(&counters->all[i], values);

		if (counters->all[i].words && value)
			fprintf(stream, "%s%" PRIu64 " packet%s %s\n", indent, value,
				value == 1 ? "" : "s", counters->all[i].words);
	}
}

int counters_to_json(const struct counters *counters, const void *values, struct json_object *to)
{
	int err = 0;

	for (size_t i = 0; !err && i < counters->count; i++)
		err = json_add(to, counters->all[i].name,
			       json_object_new_uint64(value_of(&counters->all[i], values)));
	return err;
}
