/* SPDX-License-Identifier: GPL-2.0-only */
/* agent_port: one port in the agent's list and in the map, for the agent's two rooms about ports: agent_ports_open.c and agent_ports.c. */
#ifndef AGENT_AGENT_PORT_H
#define AGENT_AGENT_PORT_H

#include "agent/state.h"

/* Its entry in the map. The pins are open. */
struct vfsteer_port *agent_port_entry(struct agent *agent, unsigned number);

/* Writes its names and wishes into the entry: the number is the port's until it is forgotten, bound or not. */
void agent_port_hold(struct agent *agent, unsigned number);

/* It is a port no more. */
void agent_port_forget(struct agent *agent, unsigned number);

/* Its interface is gone: a configured one waits, another is forgotten. */
void agent_port_lose(struct agent *agent, unsigned number);

/* Binds it to @device and @pair, and brings the pair's uplinks to that; @mac: of what lives behind it. Returns 0; or -errno, with nothing bound. */
int agent_port_bind(struct agent *agent, unsigned number, const struct netdev *device, struct pair *pair, const uint8_t mac[ETH_ALEN]);

/* Undoes it, of an earlier agent's port as well; the pair goes on. */
void agent_port_unbind(struct agent *agent, unsigned number);

/* The port called @name; NULL: none. */
struct port *agent_port_find(struct agent *agent, const char *name);

/* What the configuration says of the port called @name; NULL: nothing. */
const struct options_port *agent_port_configuration(const struct agent *agent, const char *name);

/* Makes the ports' maps, for the first port. Returns 0 or -errno, logged. */
int agent_ports_make(struct agent *agent);

/* Takes the maps away if there is no port any more. */
void agent_ports_end(struct agent *agent);

#endif
