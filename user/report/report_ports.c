/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/report_ports.h"
#include "base/json.h"
#include "base/names.h"
#include "base/text.h"
#include "datapath/bypass.h"
#include "datapath/port_programs.h"
#include "maps/slot.h"
#include "report/counters.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Empty: there is none. */
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
			 *takes && *delivers ? "; " : "", *delivers ? "delivering: " : "", delivers);
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

/* From what the interface has now, so that it is true without an agent. */
static void read_others(const struct pins *pins, const struct vfsteer_port *entry, struct report_port *ret)
{
	struct hook ingress = port_programs_port_ingress(pins, (int)entry->ifindex);

	if (!ret->present || entry->slot >= VFSTEER_MAX_PAIRS || !slot_is_here(&pins->pairs[entry->slot]))
		return;
	hook_get_others(&ingress, &ret->ingress_others);
	hook_get_others_behind(&ingress, &ret->ingress_behind);
	text_mask(ret->ingress_others.first);
	text_mask(ret->ingress_behind.first);
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
		report->uplinks[slot].standby = (struct report_uplink){ members.standby_driver, members.standby_why };
		report->uplinks[slot].primary = (struct report_uplink){ members.primary_driver, members.primary_why };
	}
	port_pins_close(&ports);
	return 0;
}

static bool is_of(const struct report_port *port, const char *standby)
{
	return !standby || !strcmp(port->pair, standby);
}

/* Empty: nobody's. */
static void describe_before(const struct report_port *port, char *ret, size_t size)
{
	char others[HOOK_OTHERS_SIZE];

	ret[0] = '\0';
	if (hook_count_others(&port->ingress_others, "ingress", others))
		snprintf(ret, size,
			 "%s of %s before ours, first %s: what they pass finally (action pass) does not reach the pair", others,
			 port->name, port->ingress_others.first);
}

static void describe_behind(const struct report_port *port, char *ret, size_t size)
{
	char others[HOOK_OTHERS_SIZE];

	ret[0] = '\0';
	if (hook_count_others(&port->ingress_behind, "ingress", others))
		snprintf(ret, size,
			 "%s of %s behind ours, first %s: they do not see what the port sends; its other end's egress does",
			 others, port->name, port->ingress_behind.first);
}

static void write_others(const struct report_port *port, FILE *stream)
{
	char text[BYPASS_TEXT_SIZE];

	describe_before(port, text, sizeof(text));
	if (text[0])
		fprintf(stream, "    %s\n", text);
	describe_behind(port, text, sizeof(text));
	if (text[0])
		fprintf(stream, "    bypassed: %s\n", text);
}

static void write_port(const struct report_port *port, bool with_pair, FILE *stream)
{
	const struct vfsteer_port_counters *of = &port->counters;

	fprintf(stream, "  port %s   %s", port->name, port->mac[0] ? port->mac : "(MAC not known yet)");
	if (with_pair)
		fprintf(stream, "   pair: %s", port->pair);
	if (port->passthrough)
		fputs("   passthrough", stream);
	if (!port->present) {
		fprintf(stream, "   waiting: %s\n", port->why);
	} else {
		fprintf(stream, "   takes by: %s   delivers by: %s\n", words_port_driver(port->takes_by),
			words_port_driver(port->delivers_by));
		if (port->why[0])
			fprintf(stream, "    not by XDP: %s\n", port->why);
	}
	write_others(port, stream);
	fprintf(stream,
		"    sent %" PRIu64 " packets, %" PRIu64 " bytes (%" PRIu64 " by XDP); got %" PRIu64
		" packets, %" PRIu64 " bytes (%" PRIu64 " by XDP)\n",
		(uint64_t)of->tx_packets, (uint64_t)of->tx_bytes, (uint64_t)of->tx_native_packets,
		(uint64_t)of->rx_packets, (uint64_t)of->rx_bytes, (uint64_t)of->rx_native_packets);
	counters_write_news(counters_of_port(), of, "    ", stream);
}

static void write_uplink(const char *which, const struct report_uplink *uplink, FILE *stream)
{
	if (uplink->driver == PORT_DRIVER_NONE)
		return;
	fprintf(stream, "   %s: %s%s", which, words_port_driver(uplink->driver),
		uplink->driver == PORT_DRIVER_NATIVE && uplink->why ? ", but sent to by tc" : "");
	if (uplink->why)
		fprintf(stream, " (%s)", reason(uplink->why));
}

void report_ports_write_text(const struct report_ports *ports, const char *standby, int slot, FILE *stream)
{
	bool is_any = false;

	for (unsigned i = 0; i < ports->count; i++)
		is_any |= is_of(&ports->ports[i], standby);
	if (!is_any)
		return;
	if (slot >= 0) {
		fputs("  for the ports by", stream);
		write_uplink("standby", &ports->uplinks[slot].standby, stream);
		write_uplink("primary", &ports->uplinks[slot].primary, stream);
		fputc('\n', stream);
	}
	for (unsigned i = 0; i < ports->count; i++)
		if (is_of(&ports->ports[i], standby))
			write_port(&ports->ports[i], !standby, stream);
}

static int add_others(struct json_object *to, const struct report_port *port)
{
	struct json_object *array, *object;
	char text[BYPASS_TEXT_SIZE];
	int err = json_add(to, "foreign_ingress_filters",
			   json_object_new_uint64(port->ingress_others.programs + port->ingress_others.filters));

	err = err ?: json_add_optional(to, "foreign_ingress_first", port->ingress_others.first);
	err = err ?: json_add_array(to, "bypassed", &array);
	describe_behind(port, text, sizeof(text));
	if (err || !text[0])
		return err;
	object = json_object_new_object();
	err = json_append(array, object);
	err = err ?: json_add_string(object, "what", "ingress_behind");
	return err ?: json_add_string(object, "text", text);
}

static struct json_object *port_to_json(const struct report_port *port)
{
	struct json_object *object = json_object_new_object(), *values = json_object_new_object();
	int err = object && values ? 0 : -ENOMEM;

	err = err ?: json_add_string(object, "name", port->name);
	err = err ?: json_add_string(object, "pair", port->pair);
	err = err ?: json_add_string(object, "mac", port->mac);
	err = err ?: json_add(object, "passthrough", json_object_new_boolean(port->passthrough));
	err = err ?: json_add(object, "configured", json_object_new_boolean(port->configured));
	err = err ?: json_add(object, "present", json_object_new_boolean(port->present));
	err = err ?: json_add_string(object, "takes_by", words_port_driver(port->takes_by));
	err = err ?: json_add_string(object, "delivers_by", words_port_driver(port->delivers_by));
	err = err ?: json_add_string(object, "why", port->why);
	err = err ?: add_others(object, port);
	err = err ?: counters_to_json(counters_of_port(), &port->counters, values);
	if (!err) {
		err = json_add(object, "counters", values);
		values = NULL;
	}
	json_object_put(values);
	if (!err)
		return object;
	json_object_put(object);
	return NULL;
}

struct json_object *report_ports_to_json(const struct report_ports *ports, const char *standby)
{
	struct json_object *array = json_object_new_array();

	for (unsigned i = 0; array && i < ports->count; i++) {
		if (!is_of(&ports->ports[i], standby) || !json_append(array, port_to_json(&ports->ports[i])))
			continue;
		json_object_put(array);
		return NULL;
	}
	return array;
}

struct json_object *report_ports_xdp_to_json(const struct report_ports *ports, unsigned slot)
{
	struct json_object *object = json_object_new_object();
	const struct report_uplink *standby = &ports->uplinks[slot].standby, *primary = &ports->uplinks[slot].primary;
	int err = object ? 0 : -ENOMEM;

	err = err ?: json_add_string(object, "standby", words_port_driver(standby->driver));
	err = err ?: json_add_string(object, "standby_why", reason(standby->why));
	err = err ?: json_add_string(object, "primary", words_port_driver(primary->driver));
	err = err ?: json_add_string(object, "primary_why", reason(primary->why));
	if (!err)
		return object;
	json_object_put(object);
	return NULL;
}
