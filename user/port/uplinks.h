/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * uplinks: what the two devices of a pair do for its ports: the programs that hand frames to them, XDP in the drivers, receiving all groups. All of
 * it comes with the first port and goes with the last; XDP, whose coming disturbs a device, when the first port needs it, and then it stays as
 * long as there are ports.
 */
#ifndef PORT_UPLINKS_H
#define PORT_UPLINKS_H

#include "datapath/port_programs.h"
#include "maps/port_pins.h"
#include "netdev/link.h"

struct netdev;
struct pair;
struct world;

struct uplinks {
	bool open; /* there are ports, or one is about to be */
	bool with_xdp;
	bool take_fragments; /* XDP frames of several buffers, both of them */
	int relieved;	     /* ifindex of the primary that was spared traffic, for XDP to be attached to it; 0: none */
	bool waits;	     /* the primary's XDP is still to be changed: uplinks_update is to be called again when the primary is empty */
	struct port_constants loaded;
	struct port_programs programs;
	struct hook_moves moves;
};

/* A pair as its uplinks see it: a look at it, made for one call. */
struct uplinks_pair {
	unsigned slot;
	int owner, standby, primary; /* ifindexes; primary 0: none */
	bool filtered;	      /* somebody's XDP program has to see what the primary receives: ours keeps off */
	struct pair *pair;    /* whose it is: to tell pairs apart, and for step_aside */
	struct uplinks *uplinks;
	/* Moves the traffic off the primary before XDP disturbs that. False: the primary is not empty yet. See pair_step_aside. */
	bool (*step_aside)(struct world *world, struct pair *pair, enum vfsteer_cause cause);
};

/*
 * Brings the pair's devices to what its bound ports need now, its ports' programs to what the devices are now, and takes all away when it
 * has none. After every change of either, through pair_update_uplinks. Returns 0 or -errno, with what was there still there; *ret_changed: the pair
 * has to be aligned and announced anew. uplinks->waits: the primary's XDP, or with no port left all of it, waits for the primary to be empty.
 */
int uplinks_update(struct world *world, const struct uplinks_pair *pair, bool *ret_changed);

/* The primary is about to leave, or not to be used any more. Takes our XDP program from it. */
void uplinks_part(struct world *world, const struct uplinks_pair *pair);

/* Puts the owner's programs where they belong again: somebody took them away, or came before them. Returns 0 or -errno;
 * -EEXIST: they cannot go there as they are, and uplinks_reload is next. */
int uplinks_keep_place(struct world *world, const struct uplinks_pair *pair);

/* Loads and attaches them anew; uplinks_update has to follow. Returns 0 or -errno, with what was there still there. */
int uplinks_reload(struct world *world, const struct uplinks_pair *pair);

/* Does one of the ports own the pair's MAC? */
bool uplinks_has_passthrough(const struct uplinks *uplinks);

/* Takes away what an agent has left of the ports of the pair in @slot. */
void uplinks_take_away(const struct pins *pins, struct port_pins *port_pins, struct link_requests *requests, unsigned slot);

#endif
