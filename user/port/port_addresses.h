/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * port_addresses: announces the addresses that the port programs have seen behind a pair's ports
 * (bpf/port_learn.h).
 */
#ifndef PORT_PORT_ADDRESSES_H
#define PORT_PORT_ADDRESSES_H

#include "announce/announce.h"
#include "maps/port_pins.h"
#include "netdev/netdev.h"

/*
 * Adds their frames to @list, each with the tag that the address was seen in, and the queries for
 * the stations behind the ports, also in these tags. Pins that are not open: none. Returns 0 or
 * -errno.
 */
int port_addresses_collect(const struct netdev_table *table, const struct port_pins *pins,
			   unsigned slot, struct announcement *list);

#endif
