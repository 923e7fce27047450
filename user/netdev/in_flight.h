/* SPDX-License-Identifier: GPL-2.0-only */
/* in_flight: what a device has accepted for transmission and not yet sent. */
#ifndef NETDEV_IN_FLIGHT_H
#define NETDEV_IN_FLIGHT_H

#include "netdev/link.h"

#include <linux/netlink.h>
#include <stdbool.h>

struct in_flight {
	/*
	 * in the driver's queues, by byte queue limits (Linux 3.3); 0 of a driver that does not use
	 * them, such as igbvf
	 */
	uint64_t bytes;
	uint64_t packets; /* in the qdiscs */
	uint64_t sent;	  /* packets, ever, as the driver counts them */
};

/*
 * Reads the device @ifindex with the name @name. @with_qdiscs: waits for RTNL. A file that the
 * driver or kernel lacks counts as 0. Returns 0, or -errno of rtnetlink.
 */
int in_flight_read(struct link_requests *requests, int ifindex, const char *name, bool with_qdiscs,
		   struct in_flight *ret);

struct in_flight_qdiscs {
	int ifindex;
	uint64_t packets;
};

/* Adds up an answer to RTM_GETQDISC; @context: struct in_flight_qdiscs. For rtnetlink_request. */
int in_flight_take(const struct nlmsghdr *answer, void *context);

#endif
