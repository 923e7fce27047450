/* SPDX-License-Identifier: GPL-2.0-only */
#include "heritage.h"

#include <string.h>

void heritage_take(const struct pins *pins, struct heritage *ret)
{
	ret->count = ret->port_count = 0;
	for (unsigned slot = 0; slot < pins->capacity && ret->count < VFSTEER_MAX_PAIRS; slot++) {
		struct heritage_entry *entry = &ret->entries[ret->count];

		if (!pins->pairs[slot].standby[0])
			continue;
		entry->standby_ifindex = pins->pairs[slot].standby_ifindex;
		entry->state = pins_state(pins, slot);
		pins_counters(pins, slot, &entry->counters);
		ret->count++;
	}
}

void heritage_take_ports(const struct port_pins *ports, struct heritage *ret)
{
	for (unsigned number = 0; ports->ports && number < VFSTEER_MAX_PORTS; number++) {
		if (!ports->ports[number].name[0])
			continue;
		ret->ports[ret->port_count] = ports->ports[number];
		port_pins_counters(ports, number, &ret->port_counters[ret->port_count]);
		ret->port_count++;
	}
}

int heritage_give(const struct heritage *heritage, const struct pins *pins, unsigned slot, unsigned standby_ifindex)
{
	struct heritage_entry entry = { 0 };

	for (unsigned i = 0; i < heritage->count; i++)
		if (heritage->entries[i].standby_ifindex == standby_ifindex)
			entry = heritage->entries[i];
	/* No program of the pair runs yet: nobody competes for the word. */
	entry.state.active = PATH_STANDBY;
	entry.state.primary = PRIMARY_ABSENT;
	pins->pairs[slot].state = entry.state;
	pins->pairs[slot].announced_switches = entry.state.switches;
	return pins_set_counters(pins, slot, &entry.counters);
}
