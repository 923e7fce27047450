/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * local_routes: which IPv4 addresses does the kernel take for its own? Only for those it answers an
 * ARP request (arp_process in net/ipv4/arp.c, Linux 5.10 to 6.18: the route to the target must be
 * of type local). An address keeps its route unless that is deleted.
 */
#ifndef ANNOUNCE_LOCAL_ROUTES_H
#define ANNOUNCE_LOCAL_ROUTES_H

#include "netdev/link.h"
#include "netdev/netdev.h"

#include <stdbool.h>
#include <stddef.h>

struct local_routes {
	struct link_local_route *list; /* sorted */
	size_t count;
	uint64_t lengths; /* bit n: there is a prefix of n bits */
	bool is_known;	  /* false: they could not be read */
};

/* Does not wait for RTNL. The caller frees @ret. */
void local_routes_read(struct link_requests *requests, struct local_routes *ret);
void local_routes_free(struct local_routes *routes);

/*
 * Is there a route of type local to the IPv4 address @v4 of @device? True also if that is not
 * known: the routes could not be read, or @device is in a VRF, which has a table of its own.
 */
bool local_routes_have(const struct local_routes *routes, const struct netdev_table *table,
		       const struct netdev *device, struct in_addr v4);

#endif
