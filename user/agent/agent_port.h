/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * agent_port: one port in the agent's list and in the map. For agent_ports_open.c and
 * agent_ports.c.
 */
#ifndef AGENT_AGENT_PORT_H
#define AGENT_AGENT_PORT_H

#include "agent/state.h"

/* Returns its entry in the map. The pins are open. */
struct vfsteer_port *agent_port_entry(struct agent *agent, unsigned number);

/* Writes its names and settings into the entry, which reserves @number for it, bound or not. */
void agent_port_hold(struct agent *agent, unsigned number);

/* Deletes the port. */
void agent_port_forget(struct agent *agent, unsigned number);

/* Its interface is gone: a configured port waits, any other is deleted. */
void agent_port_lose(struct agent *agent, unsigned number);

/*
 * Binds the port to @device and @pair, and updates the pair's uplinks; @mac: of the station behind
 * it. Returns 0; or -errno, with nothing bound.
 */
int agent_port_bind(struct agent *agent, unsigned number, const struct netdev *device,
		    struct pair *pair, const uint8_t mac[ETH_ALEN]);

/* Reverts it, also for a port of an earlier agent. The pair continues. */
void agent_port_unbind(struct agent *agent, unsigned number);

/* Returns the port called @name; NULL: none. */
struct port *agent_port_find(struct agent *agent, const char *name);

/* Returns the configuration of the port called @name; NULL: none. */
const struct options_port *agent_port_configuration(const struct agent *agent, const char *name);

/* Creates the ports' maps, for the first port. Returns 0 or -errno, logged. */
int agent_ports_make(struct agent *agent);

/* Does a pair wait for its primary to run empty, to change then what its devices do for ports? */
bool agent_ports_wait(const struct agent *agent);

/* Removes the maps if no port is left. */
void agent_ports_end(struct agent *agent);

/*
 * Writes the MAC of the station behind the port into @mac: the configured one, the standby's for a
 * passthrough port, or that of a veth's other end. False: unknown.
 */
bool agent_port_mac(struct agent *agent, const struct port *port, const struct netdev *device,
		    const struct netdev *standby, uint8_t mac[ETH_ALEN]);

/* Logs how a bound port's frames are taken and delivered. */
void agent_port_log(struct agent *agent, unsigned number);

#endif
