/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/report_ports.h"
#include "base/names.h"
#include "base/text.h"
#include "datapath/port_programs.h"
#include "maps/slot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Empty: none. */
static const char *reason(enum vfsteer_port_obstacle obstacle)
{
	return obstacle ? words_port_obstacle(obstacle) : "";
}

/* One sentence for both ways, if they have one reason. */
static void describe_obstacles(const struct vfsteer_port *entry, char why[REPORT_PORTS_WHY_SIZE])
{
	const char *takes = reason(entry->takes_why), *delivers = reason(entry->delivers_why);

	if (entry->takes_why == entry->delivers_why)
		snprintf(why, REPORT_PORTS_WHY_SIZE, "%s", takes);
	else
		snprintf(why, REPORT_PORTS_WHY_SIZE, "%s%s%s%s%s", *takes ? "taking: " : "", takes,
			 *takes && *delivers ? "; " : "", *delivers ? "delivering: " : "",
			 delivers);
}

static void describe_port(const struct vfsteer_port *entry, struct report_port *ret)
{
	memcpy(ret->name, entry->name, sizeof(ret->name) - 1);
	memcpy(ret->pair, entry->pair, sizeof(ret->pair) - 1);
	memcpy(ret->mac, entry->mac, sizeof(ret->mac) - 1);
	text_mask(ret->name);
	text_mask(ret->pair);
	text_mask(ret->mac);
	ret->passthrough = entry->passthrough;
	ret->configured = entry->configured;
	ret->present = entry->ifindex;
	ret->takes_by = entry->takes_by;
	ret->delivers_by = entry->delivers_by;
	if (ret->present)
		describe_obstacles(entry, ret->why);
	else
		snprintf(ret->why, sizeof(ret->why), "%s", words_port_wait(entry->waits_for));
}

/* What the programs of others do to the port. */
static void describe_others(struct report_port *port)
{
	char others[HOOK_OTHERS_SIZE], text[BYPASS_TEXT_SIZE];

	if (hook_count_others(&port->ingress_others, "ingress", others)) {
		snprintf(text, sizeof(text),
			 "%s of %s before ours, first %s: what they pass finally (action pass) "
			 "does not reach the pair",
			 others, port->name, port->ingress_others.first);
		memcpy(port->before, text, sizeof(text));
	}
	if (hook_count_others(&port->ingress_behind, "ingress", others)) {
		snprintf(text, sizeof(text),
			 "%s of %s behind ours, first %s: they do not see what the port sends; its "
			 "other end's egress does",
			 others, port->name, port->ingress_behind.first);
		memcpy(port->behind, text, sizeof(text));
	}
}

/* Read from the interface now, so that it is right without an agent. */
static void read_others(const struct pins *pins, const struct vfsteer_port *entry,
			struct report_port *ret)
{
	struct hook ingress = port_programs_port_ingress(pins, (int)entry->ifindex);

	if (!ret->present || entry->slot >= VFSTEER_MAX_PAIRS ||
	    !slot_is_here(&pins->pairs[entry->slot]))
		return;
	hook_get_others(&ingress, &ret->ingress_others);
	hook_get_others_behind(&ingress, &ret->ingress_behind);
	text_mask(ret->ingress_others.first);
	text_mask(ret->ingress_behind.first);
	describe_others(ret);
}

int report_ports_read(const struct pins *pins, struct report_ports **ret)
{
	struct report_ports *report = calloc(1, sizeof(*report));
	struct port_pins ports;
	char message[512];

	if (!report)
		return -ENOMEM;
	*ret = report;
	if (port_pins_open(pins, false, &ports, message, sizeof(message)) != PINS_OK)
		return 0;
	for (unsigned number = 0; number < VFSTEER_MAX_PORTS; number++) {
		/* A copy: the agent may be writing. */
		struct vfsteer_port entry = ports.ports[number];

		if (!entry.name[0])
			continue;
		describe_port(&entry, &report->ports[report->count]);
		read_others(pins, &entry, &report->ports[report->count]);
		port_pins_counters(&ports, number, &report->ports[report->count].counters);
		report->count++;
	}
	for (unsigned slot = 0; slot < VFSTEER_MAX_PAIRS; slot++) {
		struct vfsteer_members members;

		if (!pins->pairs[slot].standby[0] || port_pins_members(&ports, slot, &members))
			continue;
		report->uplinks[slot].standby =
			(struct report_uplink){ members.standby_driver, members.standby_why };
		report->uplinks[slot].primary =
			(struct report_uplink){ members.primary_driver, members.primary_why };
	}
	port_pins_close(&ports);
	return 0;
}
