/* SPDX-License-Identifier: GPL-2.0-only */
/* port_unload: removes all of the ports, when the pairs are removed. Needs no agent's state. */
#ifndef PORT_PORT_UNLOAD_H
#define PORT_PORT_UNLOAD_H

#include "maps/pins.h"
#include "netdev/link.h"
#include "netdev/netdev.h"

/*
 * Removes ports, their programs, those of their pairs, and the standbys' receive filters for them.
 * Leaves the pins.
 */
void port_unload(const struct pins *pins, struct netdev_table *table,
		 struct link_requests *requests);

/*
 * Removes only the programs, for pins that cannot be read: by the links pinned under
 * pins->directory, and by filters with our handle. An empty clsact qdisc on a port is removed,
 * whatever created it.
 */
void port_unload_unreadable(const struct pins *pins, const struct netdev_table *table);

#endif
