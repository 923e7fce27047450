/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * uplinks: what the two devices of a pair do for its ports: the programs that hand frames to them, XDP in the drivers, receiving all groups. All of
 * it comes with the first port and goes with the last; XDP, whose coming disturbs a device, when the first port needs it, and then it stays as
 * long as there are ports.
 */
#ifndef PORT_UPLINKS_H
#define PORT_UPLINKS_H

#include "datapath/port_programs.h"

struct netdev;
struct pair;
struct pair_world;

struct uplinks {
	bool open; /* there are ports, or one is about to be */
	bool with_xdp;
	bool take_fragments; /* XDP frames of several buffers, both of them */
	int relieved;	     /* ifindex of the primary that was spared traffic, for XDP to be attached to it; 0: none */
	struct port_constants loaded;
	struct port_programs programs;
	struct hook_moves moves;
};

/*
 * Brings the pair's devices to what its bound ports need now, its ports' programs to what the devices are now, and takes all away when it
 * has none. After every change of either. Returns 0 or -errno, with what was there still there.
 */
int uplinks_update(struct pair_world *world, struct pair *pair);

/* The primary is about to leave, or not to be used any more. Takes our XDP program from it. */
void uplinks_part(struct pair_world *world, const struct pair *pair, int primary);

/* Puts the standby's programs where they belong again: somebody took them away, or came before them. Returns 0 or -errno. */
int uplinks_keep_place(struct pair_world *world, struct pair *pair);

/* Does one of the ports own the pair's MAC? */
bool uplinks_has_passthrough(const struct uplinks *uplinks);

/* Takes away what an agent has left of the ports of the pair in @slot; needs no struct pair. */
void uplinks_take_away(struct pair_world *world, unsigned slot);

#endif
