/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xdp_mirror: an XDP program that a user put on the standby must see the frames of the primary as
 * well. A native one is put on the primary, by a pinned link of ours, which stays when the agent
 * ends. A generic one sees the primary's frames when they are redirected to the standby
 * (do_xdp_generic in __netif_receive_skb_core, Linux 5.3). A primary without the program is not
 * used and is set down: while up, it would receive past the program, whichever device is active.
 */
#ifndef PAIR_XDP_MIRROR_H
#define PAIR_XDP_MIRROR_H

#include "vfsteer.h"
#include <stdbool.h>
#include <stdint.h>

struct pair;
struct world;

/* The inputs of the decision. Ids; 0: no program. */
struct xdp_mirror_view {
	bool ignored;		   /* xdp = ignore in the configuration */
	uint8_t standby_mode;	   /* XDP_ATTACHED_* */
	uint32_t standby_program;  /* of the standby */
	uint32_t ports_program;	   /* ours on the standby, for the pair's ports */
	uint32_t mirrored_program; /* what our link has on the primary */
	uint8_t primary_mode;
	uint32_t primary_program; /* of the primary, ours or not */
	unsigned sockets;	  /* AF_XDP sockets that are, or may be, of the standby */
};

/* What was refused, and the state of the devices then. */
struct xdp_mirror_try {
	uint32_t standby_program, primary_program, mtu;
	int primary;
};

enum xdp_mirror_plan {
	XDP_PLAN_NOTHING, /* no program of ours on the primary */
	XDP_PLAN_KEEP,	  /* the right one is there, ours or not */
	XDP_PLAN_ATTACH,
};

/* Decides. Pure. *ret_mirror: the result, except with XDP_PLAN_ATTACH. */
enum xdp_mirror_plan xdp_mirror_decide(const struct xdp_mirror_view *view,
				       enum vfsteer_xdp_mirror *ret_mirror);

/* Is the primary unusable because the standby's program is not on it? */
bool xdp_mirror_is_missing(enum vfsteer_xdp_mirror mirror);

/*
 * Brings the primary to the program of the standby, and sets pair->unfit. Attaching and detaching
 * make drivers stop their queues, so the traffic is moved off an active primary first: then
 * pair->mirror_waits is set, and this is called again (aside.h). Replacing is atomic. What was
 * refused is tried again after a change of either device. Returns whether anything has changed that
 * the next decision depends on.
 */
bool xdp_mirror_update(struct world *world, struct pair *pair);

/* Before the primary is removed or no longer used: takes our program off it. */
void xdp_mirror_remove(struct world *world, struct pair *pair);

#endif
