/* SPDX-License-Identifier: GPL-2.0-only */
/* world: the state that every pair and port uses. It is in the lowest room that needs all of it. */
#ifndef PORT_WORLD_H
#define PORT_WORLD_H

#include "announce/announcer.h"
#include "announce/bridged_groups.h"
#include "announce/host_signals.h"
#include "announce/memberships.h"
#include "announce/path_answers.h"
#include "maps/pins.h"
#include "maps/port_pins.h"
#include "netdev/link.h"
#include "netdev/netdev.h"
#include "netdev/xdp_features.h"
#include "policy/policy.h"

struct port;

/* The state that every pair and port uses; the agent owns it. */
struct world {
	struct pins pins;
	struct port_pins port_pins; /* not open before the first port */
	struct xdp_features *features; /* NULL: the kernel does not report them */
	struct port *ports; /* VFSTEER_MAX_PORTS, by number */
	struct netdev_table *table;
	struct link_requests *requests;
	/*
	 * of all devices, if they were read since the agent's last wake-up: see pair_forget_groups
	 */
	struct memberships memberships;
	struct bridged_groups bridged_groups; /* current likewise, if a pair needs them */
	bool groups_unreadable;         /* it was logged */
	int announce_fd; /* see announce_open; for repetitions */
	struct path_answers answers;
	struct announcer *announcer;
	struct host_signals *signals; /* NULL: host_signal = off */
	struct policy_limits limits;
	/* the watch programs see all that ends a primary's service: see watch.h */
	bool watched;
	bool removals_held; /* removals are held: see watch.h */
	/* all pairs are stepped once a second, since not all changes are notified */
	bool polled;
	uint32_t network_namespace; /* inode number of this process's */
	unsigned announce_count;
	uint64_t announce_interval_ns;
	uint64_t announce_again_ns; /* for a pair that sends nothing; 0: never */
};

#endif
