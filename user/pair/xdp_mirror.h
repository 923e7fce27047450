/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xdp_mirror: an XDP program that somebody put on the standby sees what the primary receives as well. A native one is put on the primary,
 * by a pinned link of ours, so that it stays there when the agent ends; a generic one sees the primary's frames when they are redirected
 * to the standby (do_xdp_generic in __netif_receive_skb_core, Linux 5.3). A primary without it is not used, and is set down: up, it would
 * receive past the program whichever device is active.
 */
#ifndef PAIR_XDP_MIRROR_H
#define PAIR_XDP_MIRROR_H

#include "vfsteer.h"
#include <stdbool.h>
#include <stdint.h>

struct pair;
struct world;

/* What decides. Ids; 0: no program. */
struct xdp_mirror_view {
	bool ignored;		   /* the configuration says xdp = ignore */
	uint8_t standby_mode;	   /* XDP_ATTACHED_* */
	uint32_t standby_program;  /* of the standby */
	uint32_t ports_program;	   /* ours there, for the pair's ports */
	uint32_t mirrored_program; /* what our link has on the primary */
	uint8_t primary_mode;
	uint32_t primary_program; /* of the primary, whoever's */
	unsigned sockets;	  /* AF_XDP sockets that are, or may be, of the standby */
};

/* What was refused, and the devices as they were then. */
struct xdp_mirror_try {
	uint32_t standby_program, primary_program, mtu;
	int primary;
};

enum xdp_mirror_plan {
	XDP_PLAN_NOTHING, /* no program of ours on the primary */
	XDP_PLAN_KEEP,	  /* the right one is there, by us or by somebody else */
	XDP_PLAN_ATTACH,
};

/* Pure. *ret_mirror: what it comes to, but for XDP_PLAN_ATTACH. */
enum xdp_mirror_plan xdp_mirror_decide(const struct xdp_mirror_view *view, enum vfsteer_xdp_mirror *ret_mirror);

/* Is the primary of no use because the standby's program is not on it? */
bool xdp_mirror_is_missing(enum vfsteer_xdp_mirror mirror);

/*
 * Brings the primary to what the standby has, and pair->unfit to what came of it; an active primary is relieved first, for attaching and
 * detaching make drivers stop their queues: pair->mirror_waits then, and it is to be called again (aside.h). Replacing is atomic. What was refused is tried again when either device has changed. Returns
 * whether anything did change that the next decision depends on.
 */
bool xdp_mirror_update(struct world *world, struct pair *pair);

/* The primary is about to leave, or not to be used any more. */
void xdp_mirror_part(struct world *world, struct pair *pair);

#endif
