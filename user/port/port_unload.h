/* SPDX-License-Identifier: GPL-2.0-only */
/* port_unload: takes everything of the ports away, for whoever takes the pairs away. Needs no agent's memory. */
#ifndef PORT_PORT_UNLOAD_H
#define PORT_PORT_UNLOAD_H

#include "maps/pins.h"
#include "netdev/link.h"
#include "netdev/netdev.h"

/* Ports, their programs and those of their pairs, what the standbys received for them. The pins themselves are left. */
void port_unload(const struct pins *pins, struct netdev_table *table, struct link_requests *requests);

/* The programs alone, of pins that cannot be read: found by the links pinned under pins->directory and by filters with our handle. A clsact qdisc
 * that is left empty on a port goes, whoever made it. */
void port_unload_unreadable(const struct pins *pins, const struct netdev_table *table);

#endif
