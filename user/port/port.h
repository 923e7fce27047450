/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * port: one port in the agent's hands: an interface whose other end sits on a pair's network. It is bound to its interface and its pair while
 * both are there. What is done for all ports of a pair is in uplinks.h.
 */
#ifndef PORT_PORT_H
#define PORT_PORT_H

#include "datapath/port_programs.h"
#include "netdev/netdev.h"
#include "policy/options.h"
#include "port/placed.h"
#include "port/uplinks.h"

struct port {
	bool used;
	bool configured;	  /* it waits for its interface when that goes, and for its pair */
	struct options_port wish; /* its name follows that of the interface, its pair's that of the standby */
	struct pair *pair;	  /* that it is bound to; NULL: it is not bound */
	const struct uplinks *uplinks; /* that pair's */
	int ifindex;		  /* likewise */
	unsigned incarnation;	  /* likewise: see struct netdev */
	struct port_programs programs;
	struct hook_moves moves;
	struct placed placed;
	bool fragments_loaded; /* with uplinks_take_fragments */
	int refusal;	       /* why it is not bound, as told last; 0: nothing to tell */
};

/*
 * Binds the port with @number to @device and @pair, in two steps, each followed by pair_update_uplinks: entry and receive lists; then
 * its programs, each in the place of what an earlier agent left of the same port. @mac: of what lives behind it. Return 0 or -errno: port_unbind is next.
 */
int port_bind(struct world *world, unsigned number, const struct netdev *device, const struct uplinks_pair *pair,
	      const uint8_t mac[ETH_ALEN]);
int port_connect(struct world *world, unsigned number, const struct netdev *device, const uint8_t mac[ETH_ALEN]);

/* Takes away what port_bind and port_connect did, here or in an earlier agent; pair_update_uplinks has to follow. The pair goes on. The interface
 * may be gone. */
void port_unbind(struct world *world, unsigned number);

/* The part of it that is in the kernel and in the maps, for who has no more than these. */
void port_take_away(const struct pins *pins, struct port_pins *port_pins, struct link_requests *requests, unsigned number);

/*
 * Looks anew at how a bound port's frames can come and go, and changes over: while it is at it no frame is lost, XDP leaves to tc what it
 * does not decide. Also when the pair's uplinks have changed. Returns 0, or -errno when its programs could not be loaded, with the earlier ones in
 * place.
 */
int port_refresh(struct world *world, unsigned number);

/* Puts its program where it belongs again: somebody took it away, or came before it. Returns 0 or -errno. */
int port_keep_place(struct world *world, unsigned number);

#endif
