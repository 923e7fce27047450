/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/device_name.h"
#include "base/mac.h"
#include "cli/config_reading.h"

#include <stdio.h>
#include <string.h>

struct options_port *config_port_of_section(struct config_reading *reading)
{
	struct options *options = &reading->options;
	const char *name = reading->section;

	for (unsigned i = 0; i < options->port_count; i++)
		if (!strcmp(options->ports[i].name, name))
			return &options->ports[i];
	if (options->port_count == VFSTEER_MAX_PORTS) {
		config_mistake(reading,
			       "[port %s]: there are %d ports already, and no more are possible",
			       name, VFSTEER_MAX_PORTS);
		return NULL;
	}
	snprintf(options->ports[options->port_count].name, sizeof(options->ports[0].name), "%.*s",
		 IF_NAMESIZE - 1, name);
	reading->port_lines[options->port_count] = reading->text.line;
	return &options->ports[options->port_count++];
}

int config_set_port_pair(struct config_reading *reading, void *of, const char *value)
{
	struct options_port *port = of;
	const char *flaw = device_name_flaw(value);

	if (flaw)
		return config_mistake(reading, "pair = %s: the standby's name %s", value, flaw);
	if (!strcmp(port->name, value))
		return config_mistake(
			reading,
			"[port %s]: the pair's standby cannot be its port: name another interface",
			port->name);
	snprintf(port->pair, sizeof(port->pair), "%s", value);
	return 1;
}

int config_set_port_mac(struct config_reading *reading, void *of, const char *value)
{
	struct options_port *port = of;
	const char *flaw = mac_parse(value, port->mac);

	port->has_mac = true;
	return flaw ? config_mistake(reading, "mac = %s: %s", value, flaw) : 1;
}

int config_check_port(struct config_reading *reading, const struct options_port *port)
{
	if (port->passthrough && port->has_mac)
		return config_mistake(reading,
				      "[port %s]: mac and passthrough: a passthrough port owns the "
				      "pair's MAC, remove one",
				      port->name);
	return 1;
}

/* A device of a pair is no port: the agent would wait for another device of its name. */
static bool config_check_port_device(struct config_reading *reading, const char *name)
{
	const struct options *options = &reading->options;

	for (unsigned i = 0; i < options->pair_count; i++) {
		const struct options_pair *pair = &options->pairs[i];

		if (!strcmp(pair->primary, name))
			return config_mistake(
				reading,
				"[port %s]: it is the primary of %s: name an interface whose other "
				"end is to be on its network",
				name, pair->standby);
		if (!strcmp(pair->standby, name))
			return config_mistake(reading,
					      "[port %s]: it is the standby of a pair: name an "
					      "interface whose other end is to be on its network",
					      name);
	}
	return true;
}

int config_check_ports(struct config_reading *reading)
{
	for (unsigned i = 0; i < reading->options.port_count; i++) {
		const struct options_port *port = &reading->options.ports[i];

		reading->text.line = reading->port_lines[i];
		if (!port->pair[0])
			return config_mistake(reading, "[port %s]: no pair: write pair = STANDBY",
					      port->name);
		if (!config_check_port_device(reading, port->name))
			return 0;
	}
	return 1;
}
