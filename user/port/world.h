/* SPDX-License-Identifier: GPL-2.0-only */
/* world: what every pair and port works with. It stands in the lowest room that needs it whole. */
#ifndef PORT_WORLD_H
#define PORT_WORLD_H

#include "announce/announcer.h"
#include "announce/memberships.h"
#include "announce/path_answers.h"
#include "maps/pins.h"
#include "maps/port_pins.h"
#include "netdev/link.h"
#include "netdev/netdev.h"
#include "netdev/xdp_features.h"
#include "policy/policy.h"

struct port;

/* What every pair and port works with; the agent owns it. */
struct world {
	struct pins pins;
	struct port_pins port_pins; /* not open while there was never a port */
	struct xdp_features *features; /* NULL: the kernel does not tell of them */
	struct port *ports; /* VFSTEER_MAX_PORTS, by number */
	struct netdev_table *table;
	struct link_requests *requests;
	struct memberships memberships; /* of all devices, if they were read since the agent was woken last: see pair_forget_groups */
	bool groups_unreadable;         /* told */
	int announce_fd; /* see announce_open; for repetitions */
	struct path_answers answers;
	struct announcer *announcer;
	struct policy_limits limits;
	bool watched;       /* the watch programs see all that ends a primary's service: see watch.h */
	bool removals_held; /* likewise: see watch.h */
	bool polled;        /* all pairs are stepped once a second: the agent is not told of all that changes */
	uint32_t network_namespace; /* inode number of this process's */
	unsigned announce_count;
	uint64_t announce_interval_ns;
	uint64_t announce_again_ns; /* of a pair that sends nothing; 0: never */
};

#endif
