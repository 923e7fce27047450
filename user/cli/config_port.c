/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/device_name.h"
#include "base/mac.h"
#include "cli/config_reading.h"

#include <stdio.h>
#include <string.h>

static struct options_port *config_find_port(struct config_reading *reading, const char *name)
{
	struct options *options = &reading->options;

	for (unsigned i = 0; i < options->port_count; i++)
		if (!strcmp(options->ports[i].name, name))
			return &options->ports[i];
	if (options->port_count == VFSTEER_MAX_PORTS) {
		config_mistake(reading, "[port %s]: there are %d ports already, and no more are possible", name,
			       VFSTEER_MAX_PORTS);
		return NULL;
	}
	snprintf(options->ports[options->port_count].name, sizeof(options->ports[0].name), "%s", name);
	reading->port_lines[options->port_count] = reading->line;
	return &options->ports[options->port_count++];
}

/* One of two words: @yes sets *ret. */
static int config_set_word(struct config_reading *reading, const char *name, const char *value, const char *yes,
			   const char *no, bool *ret)
{
	*ret = !strcmp(value, yes);
	return *ret || !strcmp(value, no) ? 1 : config_mistake(reading, "%s = %s: say %s or %s", name, value, no, yes);
}

static int config_set_pair(struct config_reading *reading, struct options_port *port, const char *value)
{
	const char *flaw = device_name_flaw(value);

	if (flaw)
		return config_mistake(reading, "pair = %s: the standby's name %s", value, flaw);
	if (!strcmp(port->name, value))
		return config_mistake(reading,
				      "[port %s]: the pair's standby cannot be its port: name another interface",
				      port->name);
	snprintf(port->pair, sizeof(port->pair), "%s", value);
	return 1;
}

static int config_set_mac(struct config_reading *reading, struct options_port *port, const char *value)
{
	const char *flaw = mac_parse(value, port->mac);

	port->has_mac = true;
	return flaw ? config_mistake(reading, "mac = %s: %s", value, flaw) : 1;
}

static int config_set(struct config_reading *reading, struct options_port *port, const char *setting, const char *value)
{
	if (!strcmp(setting, "pair"))
		return config_set_pair(reading, port, value);
	if (!strcmp(setting, "mac"))
		return config_set_mac(reading, port, value);
	if (!strcmp(setting, "passthrough"))
		return config_set_word(reading, setting, value, "yes", "no", &port->passthrough);
	if (!strcmp(setting, "xdp"))
		return config_set_word(reading, setting, value, "no", "auto", &port->without_xdp);
	return config_mistake(reading, "%s: no such setting in [port %s]: see 'vfsteer help port'", setting,
			      port->name);
}

int config_port(struct config_reading *reading, const char *name, const char *setting, const char *value)
{
	struct options_port *port = config_find_port(reading, name);

	if (!port || !config_set(reading, port, setting, value))
		return 0;
	if (port->passthrough && port->has_mac)
		return config_mistake(
			reading,
			"[port %s]: mac and passthrough: a passthrough port owns the pair's MAC, leave one out",
			port->name);
	return 1;
}

/* A pair's own device is no port: the agent would wait for another of its name. */
static bool config_check_port_device(struct config_reading *reading, const char *name)
{
	const struct options *options = &reading->options;

	for (unsigned i = 0; i < options->pair_count; i++) {
		const struct options_pair *pair = &options->pairs[i];

		if (!strcmp(pair->primary, name))
			return config_mistake(reading,
					      "[port %s]: it is the primary of %s: name an interface "
					      "whose other end is to be on its network",
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

		reading->line = reading->port_lines[i];
		if (!port->pair[0])
			return config_mistake(reading, "[port %s]: no pair: say pair = STANDBY",
					      port->name);
		if (!config_check_port_device(reading, port->name))
			return 0;
	}
	return 1;
}
