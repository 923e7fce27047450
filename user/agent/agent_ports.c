/* SPDX-License-Identifier: GPL-2.0-only */
#include "agent/agent_ports.h"
#include "agent/agent_port.h"
#include "base/log.h"
#include "policy/port_check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define AGENT_PORTS_RETRY_NS 1000000000ULL /* for a port that could not be bound */
#define AGENT_PORTS_TEXT_SIZE 224	   /* fits into an answer: control.h */

static unsigned agent_port_number(const struct agent *agent, const struct port *port)
{
	return (unsigned)(port - agent->world.ports);
}

/* The configuration names its owner or standby by ifname or altname. */
static const struct pair *agent_port_pair(struct agent *agent, const char *name)
{
	const struct netdev *device = netdev_by_name(agent->world.table, name);
	int slot = pins_find(&agent->world.pins, device ? device->name : name);

	return slot < 0 ? NULL : agent_pair_of_slot(agent, (unsigned)slot);
}

static const char *agent_port_master(const struct agent *agent, const struct netdev *device)
{
	const struct netdev *master = device && device->master
					      ? netdev_by_index(agent->world.table, device->master)
					      : NULL;

	return master ? master->name : device && device->master ? "another device" : NULL;
}

/*
 * The pair whose primary the device is or will be: ports are bound before a new primary joins.
 * NULL: none.
 */
static const char *agent_port_primary_of(const struct agent *agent, const struct netdev *device)
{
	for (unsigned i = 0; device && i < agent->pair_count; i++) {
		const struct pair *pair = agent->pairs[i];

		if (pair->primary == device->ifindex || pair->pairing.primary == device->ifindex)
			return agent->world.pins.pairs[pair->slot].owner;
	}
	return NULL;
}

static enum vfsteer_port_wait agent_port_wait(int error, const struct port_check *check)
{
	switch (error) {
	case 0:
		return WAIT_NOTHING;
	case -ENODEV:
		return check->device ? WAIT_PAIR : WAIT_INTERFACE;
	case -EEXIST:
		return WAIT_TAKEN;
	default:
		return check->primary_of ? WAIT_PRIMARY : WAIT_UNFIT;
	}
}

/*
 * Returns 0 if bound, or -errno with the reason in @text. -ENODEV: the interface or the pair is
 * missing.
 */
static int agent_port_try(struct agent *agent, unsigned number, char *text, size_t size)
{
	struct port *port = &agent->world.ports[number];
	const struct pair *pair = agent_port_pair(agent, port->requested.pair);
	const struct netdev *owner = pair ? netdev_by_index(agent->world.table, pair->owner) : NULL;
	const struct netdev *device = netdev_by_name(agent->world.table, port->requested.name);
	uint8_t mac[ETH_ALEN];
	bool is_known = device && owner && agent_port_mac(agent, port, device, owner, mac);
	const struct port_check check = {
		.requested = &port->requested,
		.device = device,
		.primary_of = agent_port_primary_of(agent, device),
		.master = agent_port_master(agent, device),
		.standby = owner,
		.standby_master = agent_port_master(agent, owner),
		.mac = is_known ? mac : NULL,
		.pairs = agent->world.pins.pairs,
		.pair_count = VFSTEER_MAX_PAIRS,
		.ports = agent->world.port_pins.ports,
		.number = (int)number,
	};
	int error;

	if (owner)
		snprintf(port->requested.pair, sizeof(port->requested.pair), "%s", owner->name);
	error = port_check(&check, text, size);

	agent_port_entry(agent, number)->waits_for = agent_port_wait(error, &check);
	if (error)
		return error;
	/*
	 * port_check() refuses a port without either; an analyzer of this file alone cannot know
	 * that.
	 */
	if (!device || !pair)
		return -ENODEV;
	/* Another interface of the same name, or another pair. */
	if (agent_port_entry(agent, number)->ifindex &&
	    (agent_port_entry(agent, number)->ifindex != (__u32)device->ifindex ||
	     agent_port_entry(agent, number)->slot != pair->slot))
		agent_port_unbind(agent, number);
	error = agent_port_bind(agent, number, device, agent_pair_of_slot(agent, pair->slot), mac);
	if (error) {
		agent_port_entry(agent, number)->waits_for = WAIT_PROGRAMS;
		snprintf(text, size,
			 "%s: its programs could not be loaded and attached: %s: see the agent's "
			 "log",
			 port->requested.name, strerror(-error));
		return error;
	}
	pair_announce_anew(&agent->world, port->pair);
	port->refusal = 0;
	return 0;
}

static void agent_port_log_place(struct agent *agent, unsigned number)
{
	struct port *port = &agent->world.ports[number];
	struct hook ingress = port_programs_port_ingress(&agent->world.pins, port->ifindex);
	struct hook_others others = { 0 };
	char why[PLACED_WHY_SIZE] = "";

	if (!hook_get_others(&ingress, &others) && others.first[0])
		snprintf(why, sizeof(why),
			 "%s runs before our program on its ingress, and what it passes would not "
			 "reach the pair: remove "
			 "it, or move it behind",
			 others.first);
	placed_log(&port->placed, port->requested.name, why, "our program is first again",
		   pair_clock_ns());
}

static void agent_port_keep_place(struct agent *agent, unsigned number)
{
	struct port *port = &agent->world.ports[number];

	if (!port->pair || !netdev_by_index(agent->world.table, port->ifindex))
		return;
	port_keep_place(&agent->world, number);
	agent_port_log_place(agent, number);
	/* Nothing reports that a program on tcx was detached. */
	if (port->placed.why[0])
		agent->retry_ns = pair_clock_ns() + AGENT_PORTS_RETRY_NS;
}

/*
 * Is everything of a bound port still there? A port follows its renamed interface; a configured one
 * keeps its name and looks for the interface with that name.
 */
static bool agent_port_holds(struct agent *agent, unsigned number)
{
	struct port *port = &agent->world.ports[number];
	const struct netdev *device = netdev_by_index(agent->world.table, port->ifindex);
	const struct netdev *owner = netdev_by_index(agent->world.table, port->pair->owner);

	if (!device || device->incarnation != port->incarnation || device->master ||
	    (port->configured && strcmp(port->requested.name, device->name)))
		return false;
	if (strcmp(port->requested.name, device->name) ||
	    (owner && strcmp(port->requested.pair, owner->name))) {
		snprintf(port->requested.name, sizeof(port->requested.name), "%s", device->name);
		if (owner)
			snprintf(port->requested.pair, sizeof(port->requested.pair), "%s",
				 owner->name);
		agent_port_hold(agent, number);
	}
	return true;
}

/* A port whose interface only got another master may be bound again. */
static bool agent_port_is_lost(const struct agent *agent, const struct port *port)
{
	const struct netdev *device =
		port->pair ? netdev_by_index(agent->world.table, port->ifindex)
			   : netdev_by_name(agent->world.table, port->requested.name);

	if (!device)
		return port->pair || !port->configured;
	return port->pair && device->incarnation != port->incarnation;
}

void agent_ports_reconcile(struct agent *agent)
{
	char text[AGENT_PORTS_TEXT_SIZE];

	for (unsigned number = 0; number < VFSTEER_MAX_PORTS; number++) {
		struct port *port = &agent->world.ports[number];
		int error;

		if (!port->used)
			continue;
		if (port->pair && agent_port_holds(agent, number)) {
			if (port->placed.why[0])
				agent_port_keep_place(agent, number);
			continue;
		}
		if (agent_port_is_lost(agent, port)) {
			agent_port_lose(agent, number);
			if (!port->used)
				continue;
		} else if (port->pair) {
			agent_port_unbind(agent, number);
		}
		error = agent_port_try(agent, number, text, sizeof(text));
		if (!error) {
			agent_port_log(agent, number);
			agent_port_keep_place(agent, number);
		} else if (error != port->refusal && (error != -ENODEV || !port->refusal)) {
			log_warning("port %s", text);
		}
		port->refusal = error;
		if (error && error != -ENODEV)
			agent->retry_ns = pair_clock_ns() + AGENT_PORTS_RETRY_NS;
	}
	agent_ports_end(agent);
}

void agent_ports_leave(struct agent *agent, struct pair *pair)
{
	for (unsigned number = 0; number < VFSTEER_MAX_PORTS; number++) {
		struct port *port = &agent->world.ports[number];

		if (!port->used || port->pair != pair)
			continue;
		log_info("%s: the pair is gone: waiting for it", port->requested.name);
		agent_port_unbind(agent, number);
		agent_port_entry(agent, number)->waits_for = WAIT_PAIR;
	}
}

void agent_ports_refresh(struct agent *agent)
{
	for (unsigned number = 0; number < VFSTEER_MAX_PORTS; number++) {
		const struct vfsteer_port *entry =
			agent->world.port_pins.ports ? agent_port_entry(agent, number) : NULL;
		enum vfsteer_port_driver takes_by, delivers_by;
		int error;

		if (!entry || !agent->world.ports[number].pair)
			continue;
		takes_by = entry->takes_by;
		delivers_by = entry->delivers_by;
		error = port_refresh(&agent->world, number);
		if (error)
			log_warning("%s: its programs could not be reloaded: %s", entry->name,
				    strerror(-error));
		if (takes_by != entry->takes_by || delivers_by != entry->delivers_by)
			agent_port_log(agent, number);
	}
	for (unsigned i = 0; i < agent->pair_count; i++)
		pair_update_uplinks(&agent->world, agent->pairs[i]);
}

void agent_ports_keep_places(struct agent *agent)
{
	for (unsigned number = 0; number < VFSTEER_MAX_PORTS; number++)
		agent_port_keep_place(agent, number);
	for (unsigned i = 0; i < agent->pair_count; i++)
		pair_keep_uplinks(&agent->world, agent->pairs[i]);
}

int agent_ports_add(struct agent *agent, const struct options_port *requested, char *answer,
		    size_t size)
{
	const struct vfsteer_port *entry;
	struct port *port;
	int number;

	if (agent_port_find(agent, requested->name)) {
		snprintf(answer, size, "%s: a port already: 'vfsteer port del %s' first",
			 requested->name, requested->name);
		return 1;
	}
	if (!agent->world.port_pins.ports && agent_ports_make(agent)) {
		snprintf(answer, size,
			 "%s: the maps for ports could not be created: see the agent's log",
			 requested->name);
		return 1;
	}
	number = port_pins_find_free(&agent->world.port_pins);
	if (number < 0) {
		snprintf(answer, size,
			 "%s: no room: there are %d ports, and no more are possible: 'vfsteer port "
			 "del' one first",
			 requested->name, VFSTEER_MAX_PORTS);
		return 1;
	}
	port = &agent->world.ports[number];
	*port = (struct port){ .used = true,
			       .requested = *requested,
			       .programs = PORT_PROGRAMS_NONE };
	if (agent_port_try(agent, (unsigned)number, answer, size)) {
		agent_port_forget(agent, (unsigned)number);
		agent_ports_end(agent);
		return 1;
	}
	agent_port_log(agent, (unsigned)number);
	agent_port_keep_place(agent, (unsigned)number);
	entry = agent_port_entry(agent, (unsigned)number);
	snprintf(answer, size, "%s: port of %s, %s", entry->name, entry->pair, entry->mac);
	agent_look(agent);
	return 0;
}

int agent_ports_delete(struct agent *agent, const char *name, char *answer, size_t size)
{
	struct port *port = agent_port_find(agent, name);

	if (!port) {
		snprintf(answer, size,
			 "%s: no such port: 'vfsteer port list' lists those there are", name);
		return 1;
	}
	if (agent_port_configuration(agent, name)) {
		snprintf(answer, size,
			 "%s: it is in the configuration: take [port %s] out there and restart the "
			 "agent",
			 name, name);
		return 1;
	}
	agent_port_forget(agent, agent_port_number(agent, port));
	agent_ports_end(agent);
	log_info("%s: no longer a port", name);
	snprintf(answer, size, "%s: no longer a port", name);
	agent_look(agent);
	return 0;
}
