/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/counters.h"
#include "base/json.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

/* One counter: its key in JSON, and for those that are news when not zero, what it counted in words. */
struct counter {
	const char *name;
	size_t offset;
	const char *words;
};

struct counters {
	const struct counter *all;
	size_t count;
};

/* clang-format off */
#define COUNTER(field, words) { #field, offsetof(struct vfsteer_counters, field), words }
/* clang-format on */
static const struct counter of_pair[] = {
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
	COUNTER(drop_backlog_packets, "dropped between the devices: a CPU's backlog was full, raise net.core.netdev_max_backlog"),
	COUNTER(drop_twin_packets, "dropped: the other wire had brought the same frame"),
	COUNTER(rx_primary_group_packets, NULL),
};
#undef COUNTER

/* clang-format off */
#define COUNTER(field, words) { #field, offsetof(struct vfsteer_port_counters, field), words }
/* clang-format on */
static const struct counter of_port[] = {
	COUNTER(tx_packets, NULL),
	COUNTER(tx_bytes, NULL),
	COUNTER(rx_packets, NULL),
	COUNTER(rx_bytes, NULL),
	COUNTER(tx_native_packets, NULL),
	COUNTER(rx_native_packets, NULL),
	COUNTER(drop_foreign_source_packets, "dropped: sent by the port with a MAC that is not its own"),
	COUNTER(drop_own_echo_packets, "dropped: the port's own broadcast or multicast, sent back by the network"),
	COUNTER(drop_link_local_packets, "dropped: 802.1D link-local, from the port"),
};
#undef COUNTER

/* Every counter is described. */
_Static_assert(sizeof(of_pair) / sizeof(*of_pair) * sizeof(__u64) == sizeof(struct vfsteer_counters), "of pairs");
_Static_assert(sizeof(of_port) / sizeof(*of_port) * sizeof(__u64) == sizeof(struct vfsteer_port_counters), "of ports");

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

void counters_write_news(const struct counters *counters, const void *values, const char *indent, FILE *stream)
{
	for (size_t i = 0; i < counters->count; i++) {
		uint64_t value = value_of(&counters->all[i], values);

		if (counters->all[i].words && value)
			fprintf(stream, "%s%" PRIu64 " packet%s %s\n", indent, value, value == 1 ? "" : "s",
				counters->all[i].words);
	}
}

int counters_to_json(const struct counters *counters, const void *values, struct json_object *to)
{
	int err = 0;

	for (size_t i = 0; !err && i < counters->count; i++)
		err = json_add(to, counters->all[i].name, json_object_new_uint64(value_of(&counters->all[i], values)));
	return err;
}
