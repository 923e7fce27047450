/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bridges: with which VLAN tag a bridge that filters VLANs sends its own frames by one of its ports
 * (br_allowed_ingress and br_handle_vlan in net/bridge/br_vlan.c, Linux 5.10 to 6.18).
 */
#ifndef ANNOUNCE_BRIDGES_H
#define ANNOUNCE_BRIDGES_H

#include "netdev/link.h"
#include "netdev/netdev.h"

#include <stddef.h>

/* The VLANs of a bridge's own port and of the port @port: enum link_vlan_flags for each. */
struct bridge {
	int ifindex, port;
	uint8_t own[LINK_VLAN_IDS], at_port[LINK_VLAN_IDS];
};

/* As last read. Zero-initialise it. Entries keep their address until they are forgotten. */
struct bridges {
	struct bridge **list;
	size_t count, size;
};

/*
 * Reads the VLANs of @bridge and of its port @port again, and waits for RTNL. Returns 0 or -errno,
 * with the earlier entry untouched.
 */
int bridges_read(struct bridges *bridges, struct link_requests *requests, int bridge, int port);

/* NULL: never read. */
const struct bridge *bridges_find(const struct bridges *bridges, int bridge, int port);

/* Forgets those whose @bridge is no device of @table, or filters no VLANs. */
void bridges_sweep(struct bridges *bridges, const struct netdev_table *table);

void bridges_free(struct bridges *bridges);

#define BRIDGE_NO_TAG 0
#define BRIDGE_NOT_SENT (-1)

/*
 * Returns the VLAN ID, in host order, with which the port sends a frame of the bridge's own that
 * has the tag @vlan_id (BRIDGE_NO_TAG: none), BRIDGE_NO_TAG or BRIDGE_NOT_SENT.
 */
int bridge_tag(const struct bridge *bridge, uint16_t vlan_id);

/* The same for a frame in the VLAN @vlan_id that came by another port of the bridge. */
int bridge_port_tag(const struct bridge *bridge, uint16_t vlan_id);

#endif
