/* SPDX-License-Identifier: GPL-2.0-only */
/* The first ports of an agent: pinned ones and configured ones. */
#include "agent/agent_port.h"
#include "agent/agent_ports.h"
#include "base/log.h"
#include "maps/pins_make.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/*
 * Does the interface that an earlier agent bound it to still exist? A port that was added by hand
 * may have been renamed.
 */
static bool agent_port_is_as_left(struct agent *agent, unsigned number)
{
	const struct netdev *device =
		netdev_by_index(agent->world.table, (int)agent_port_entry(agent, number)->ifindex);
	struct hook ingress = port_programs_port_ingress(
		&agent->world.pins, (int)agent_port_entry(agent, number)->ifindex);

	struct port *port = &agent->world.ports[number];

	if (!device || !hook_is_attached(&ingress) ||
	    (port->configured && strcmp(port->requested.name, device->name)))
		return false;
	snprintf(port->requested.name, sizeof(port->requested.name), "%s", device->name);
	return true;
}

static void agent_port_adopt(struct agent *agent, unsigned number, const struct vfsteer_port *entry)
{
	struct port *port = &agent->world.ports[number];

	port->used = true;
	port->configured = entry->configured;
	snprintf(port->requested.name, sizeof(port->requested.name), "%.15s", entry->name);
	snprintf(port->requested.pair, sizeof(port->requested.pair), "%.15s", entry->pair);
	port->requested.passthrough = entry->passthrough;
	port->requested.without_xdp = entry->xdp_is_unwanted;
	port->requested.has_mac = !entry->passthrough;
	memcpy(port->requested.mac, entry->mac_address, ETH_ALEN);
}

static bool agent_port_is_as_requested(const struct options_port *requested,
				       const struct options_port *other)
{
	return requested->passthrough == other->passthrough &&
	       requested->without_xdp == other->without_xdp &&
	       (requested->passthrough || !requested->has_mac ||
		!memcmp(requested->mac, other->mac, ETH_ALEN));
}

/* The configuration may use another name of the pair than the map. */
static bool agent_port_is_of_pair(const struct agent *agent, const struct options_port *requested,
				  const struct options_port *other)
{
	const struct netdev *standby = netdev_by_name(agent->world.table, requested->pair);

	return !strcmp(requested->pair, other->pair) ||
	       (standby && netdev_is_called(standby, other->pair));
}

/* The configuration may have changed since these were bound. */
static void agent_ports_compare(struct agent *agent)
{
	for (unsigned number = 0; number < VFSTEER_MAX_PORTS; number++) {
		struct port *port = &agent->world.ports[number];
		const struct options_port *requested =
			agent_port_configuration(agent, port->requested.name);

		if (!port->used || (!requested && !port->configured))
			continue;
		if (!requested) {
			log_info("%s: no longer in the configuration: no longer a port",
				 port->requested.name);
			agent_port_forget(agent, number);
			continue;
		}
		if ((!agent_port_is_of_pair(agent, requested, &port->requested) ||
		     !agent_port_is_as_requested(requested, &port->requested)) &&
		    agent_port_entry(agent, number)->ifindex)
			agent_port_unbind(agent, number);
		port->requested = *requested;
		port->configured = true;
		agent_port_hold(agent, number);
	}
}

static void agent_ports_configure(struct agent *agent)
{
	agent_ports_compare(agent);
	for (unsigned i = 0; i < agent->options->port_count; i++) {
		const struct options_port *requested = &agent->options->ports[i];
		int number;

		if (agent_port_find(agent, requested->name))
			continue;
		number = port_pins_find_free(&agent->world.port_pins);
		if (number < 0) {
			log_warning("%s: no room for this port: ports added by hand have taken it",
				    requested->name);
			continue;
		}
		agent->world.ports[number].used = agent->world.ports[number].configured = true;
		agent->world.ports[number].requested = *requested;
		agent_port_hold(agent, (unsigned)number);
	}
}

static bool agent_ports_keep_link(const char *rest, void *argument)
{
	struct agent *agent = argument;
	unsigned ifindex = (unsigned)pins_link_ifindex(rest);

	for (unsigned number = 0; agent->world.port_pins.ports && number < VFSTEER_MAX_PORTS;
	     number++)
		if (agent_port_entry(agent, number)->name[0] &&
		    agent_port_entry(agent, number)->ifindex == ifindex)
			return netdev_by_index(agent->world.table, (int)ifindex);
	return false;
}

/*
 * Removes what a killed agent left unfinished: links without a port, and pairs' programs without a
 * port.
 */
static void agent_ports_sweep(struct agent *agent)
{
	struct world *world = &agent->world;

	pins_sweep_links(&world->pins, "port-", agent_ports_keep_link, agent);
	for (unsigned slot = 0; slot < VFSTEER_MAX_PAIRS; slot++) {
		bool is_used = false;

		if (!world->pins.pairs[slot].standby[0])
			continue;
		for (unsigned number = 0; number < VFSTEER_MAX_PORTS; number++)
			is_used |= agent_port_entry(agent, number)->name[0] &&
				   agent_port_entry(agent, number)->ifindex &&
				   agent_port_entry(agent, number)->slot == slot;
		if (!is_used)
			uplinks_take_away(&world->pins, &world->port_pins, world->requests, slot);
	}
}

/* Opens the pins, if they are complete. Returns 0 or -errno, logged. */
static int agent_ports_open_pins(struct agent *agent)
{
	char message[512];

	switch (port_pins_adopt(&agent->world.pins, &agent->world.port_pins, message,
				sizeof(message))) {
	case PINS_OK:
	case PINS_ABSENT:
		return 0;
	case PINS_UNREADABLE:
		log_warning("ports: %s", message);
		return agent_ports_make(agent);
	default:
		log_error("run: %s", message);
		return -EBUSY;
	}
}

int agent_ports_open(struct agent *agent)
{
	int error = xdp_features_new(&agent->world.features);

	if (error && error != -EOPNOTSUPP)
		log_warning(
			"ports: %s: the kernel does not report which devices take XDP; using tc",
			strerror(-error));
	for (unsigned number = 0; number < VFSTEER_MAX_PORTS; number++)
		agent->world.ports[number].programs = PORT_PROGRAMS_NONE;
	error = agent_ports_open_pins(agent);
	if (error)
		return error;
	if (!agent->world.port_pins.ports && agent->options->port_count) {
		error = agent_ports_make(agent);
		if (error)
			return error;
	}
	if (!agent->world.port_pins.ports)
		return 0;
	for (unsigned number = 0; number < VFSTEER_MAX_PORTS; number++) {
		const struct vfsteer_port *entry = agent_port_entry(agent, number);

		if (!entry->name[0])
			continue;
		agent_port_adopt(agent, number, entry);
		if (!entry->ifindex || agent_port_is_as_left(agent, number))
			continue;
		agent_port_lose(agent, number);
	}
	agent_ports_configure(agent);
	agent_ports_sweep(agent);
	agent_ports_end(agent);
	return 0;
}

void agent_ports_close(struct agent *agent)
{
	for (unsigned number = 0; number < VFSTEER_MAX_PORTS; number++)
		if (agent->world.ports[number].used)
			port_programs_close(&agent->world.ports[number].programs);
	xdp_features_free(agent->world.features);
	port_pins_close(&agent->world.port_pins);
}
