/* SPDX-License-Identifier: GPL-2.0-only */
#include "agent/agent_port.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "base/names.h"

#include <stdio.h>
#include <string.h>

struct vfsteer_port *agent_port_entry(struct agent *agent, unsigned number)
{
	return &agent->world.port_pins.ports[number];
}

void agent_port_hold(struct agent *agent, unsigned number)
{
	struct vfsteer_port *entry = agent_port_entry(agent, number);

	memset(entry->name, 0, sizeof(entry->name));
	snprintf(entry->name, sizeof(entry->name), "%s", agent->world.ports[number].requested.name);
	snprintf(entry->pair, sizeof(entry->pair), "%.15s",
		 agent->world.ports[number].requested.pair);
	entry->configured = agent->world.ports[number].configured;
	entry->passthrough = agent->world.ports[number].requested.passthrough;
}

void agent_port_forget(struct agent *agent, unsigned number)
{
	if (agent_port_entry(agent, number)->ifindex)
		agent_port_unbind(agent, number);
	memset(agent_port_entry(agent, number), 0, sizeof(struct vfsteer_port));
	port_pins_clear_counters(&agent->world.port_pins, number);
	crash_point("agent-port-forgotten");
	agent->world.ports[number] = (struct port){ .programs = PORT_PROGRAMS_NONE };
}

void agent_port_lose(struct agent *agent, unsigned number)
{
	const struct port *port = &agent->world.ports[number];

	log_info("%s: the interface is gone: %s", port->requested.name,
		 port->configured ? "waiting for it" : "no longer a port");
	if (port->configured)
		agent_port_unbind(agent, number);
	else
		agent_port_forget(agent, number);
}

struct port *agent_port_find(struct agent *agent, const char *name)
{
	for (unsigned number = 0; number < VFSTEER_MAX_PORTS; number++)
		if (agent->world.ports[number].used &&
		    !strcmp(agent->world.ports[number].requested.name, name))
			return &agent->world.ports[number];
	return NULL;
}

const struct options_port *agent_port_configuration(const struct agent *agent, const char *name)
{
	for (unsigned i = 0; i < agent->options->port_count; i++)
		if (!strcmp(agent->options->ports[i].name, name))
			return &agent->options->ports[i];
	return NULL;
}

int agent_ports_make(struct agent *agent)
{
	int error = port_pins_make(&agent->world.pins, &agent->world.port_pins);

	if (error)
		log_error("ports: %s: their maps could not be created", strerror(-error));
	crash_point("agent-ports-made");
	return error;
}

bool agent_ports_wait(const struct agent *agent)
{
	for (unsigned i = 0; i < agent->pair_count; i++)
		if (agent->pairs[i]->uplinks.waits)
			return true;
	return false;
}

void agent_ports_end(struct agent *agent)
{
	for (unsigned number = 0; number < VFSTEER_MAX_PORTS; number++)
		if (agent->world.ports[number].used)
			return;
	/*
	 * A pair whose last port is gone keeps its programs, which need the maps, until its primary
	 * is empty.
	 */
	if (agent->world.port_pins.ports && !agent_ports_wait(agent))
		port_pins_remove(&agent->world.pins, &agent->world.port_pins);
}

int agent_port_bind(struct agent *agent, unsigned number, const struct netdev *device,
		    struct pair *pair, const uint8_t mac[ETH_ALEN])
{
	const struct uplinks_pair view = pair_for_ports(pair);
	int error = port_bind(&agent->world, number, device, &view, mac);

	if (!error)
		error = pair_update_uplinks(&agent->world, pair);
	if (!error)
		error = port_connect(&agent->world, number, device, mac);
	if (!error)
		error = pair_update_uplinks(&agent->world, pair);
	crash_point("port-bound");
	if (error)
		agent_port_unbind(agent, number);
	return error;
}

void agent_port_unbind(struct agent *agent, unsigned number)
{
	struct pair *pair = agent->world.ports[number].pair;

	port_unbind(&agent->world, number);
	if (pair)
		pair_update_uplinks(&agent->world, pair);
}

bool agent_port_mac(struct agent *agent, const struct port *port,
			   const struct netdev *device, const struct netdev *standby,
			   uint8_t mac[ETH_ALEN])
{
	struct link_peer peer;

	if (port->requested.passthrough || port->requested.has_mac) {
		memcpy(mac, port->requested.passthrough ? standby->mac : port->requested.mac,
		       ETH_ALEN);
		return true;
	}
	if (strcmp(device->kind, "veth") ||
	    link_get_peer(agent->world.requests, device->ifindex, &peer))
		return false;
	memcpy(mac, peer.mac, ETH_ALEN);
	return true;
}

static const char *agent_port_describe(enum vfsteer_port_driver driver)
{
	return driver == PORT_DRIVER_NATIVE ? "native XDP" : words_port_driver(driver);
}

void agent_port_log(struct agent *agent, unsigned number)
{
	const struct vfsteer_port *entry = agent_port_entry(agent, number);

	log_info("%s: port of %s, %s%s, takes frames by %s, delivers them by %s", entry->name,
		 entry->pair, entry->mac, entry->passthrough ? " (passthrough)" : "",
		 agent_port_describe(entry->takes_by), agent_port_describe(entry->delivers_by));
}
