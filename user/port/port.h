/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * port: one port of the agent: an interface whose other end is on a pair's network. It is bound to
 * its interface and its pair while both exist. uplinks.h has what is done for all ports of a pair.
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
	/* it stays without its interface or its pair, and waits for them */
	bool configured;
	/* its name follows the interface's, its pair's name the standby's */
	struct options_port requested;
	struct pair *pair;	  /* the pair that it is bound to; NULL: it is not bound */
	const struct uplinks *uplinks; /* of that pair */
	int ifindex;		  /* of the bound interface */
	unsigned incarnation;	  /* of the bound interface: see struct netdev */
	struct port_programs programs;
	struct hook_moves moves;
	struct placed placed;
	bool fragments_loaded; /* loaded for uplinks_take_fragments */
	int refusal;	       /* the logged reason why it is not bound, an errno; 0: none */
};

/*
 * Binds the port @number to @device and @pair in two steps, each followed by pair_update_uplinks:
 * port_bind writes entry and receive lists, port_connect attaches the programs and replaces those
 * of an earlier agent. @mac: of the station behind the port. Each returns 0 or -errno; after an
 * error, call port_unbind.
 */
int port_bind(struct world *world, unsigned number, const struct netdev *device,
	      const struct uplinks_pair *pair, const uint8_t mac[ETH_ALEN]);
int port_connect(struct world *world, unsigned number, const struct netdev *device,
		 const uint8_t mac[ETH_ALEN]);

/*
 * Removes what port_bind and port_connect did, here or in an earlier agent. pair_update_uplinks
 * must follow. The pair continues. The interface may be gone.
 */
void port_unbind(struct world *world, unsigned number);

/* Removes the port's part in the kernel and in the maps, without an agent's state. */
void port_take_away(const struct pins *pins, struct port_pins *port_pins,
		    struct link_requests *requests, unsigned number);

/*
 * Checks again how a bound port's frames can be taken and delivered, and changes that without loss:
 * XDP passes what it does not handle to tc. Also called after the pair's uplinks changed. Returns
 * 0, or -errno if its programs could not be loaded; the earlier ones then stay.
 */
int port_refresh(struct world *world, unsigned number);

/*
 * Attaches its program in its place again, after another program removed it or was attached before
 * it. Returns 0 or -errno.
 */
int port_keep_place(struct world *world, unsigned number);

#endif
