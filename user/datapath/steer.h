/* SPDX-License-Identifier: GPL-2.0-only */
/* steer: the tc programs of one pair, loaded for its slot and attached to its devices. */
#ifndef DATAPATH_STEER_H
#define DATAPATH_STEER_H

#include "datapath/hook.h"
#include "maps/pins.h"

struct steer;

/*
 * Loads the programs for @slot from the object for this kernel, with the best liveness check that
 * it has: kfuncs, else the state word if watch programs keep it (@watched), else probe reads, else
 * the state word as the agent keeps it. The pair's entry in the map says which. Returns 0 or
 * -errno. Attached programs stay in the kernel after steer_free.
 */
int steer_new(const struct pins *pins, unsigned slot, bool watched, struct steer **ret);
void steer_free(struct steer *steer); /* takes NULL */

/*
 * Attach to, or atomically replace what is ours on, the pair's devices, which its slot names: the
 * owner, and with it the standby of a net_failover pair; and the primary, which gets no program
 * there. Ingress goes first, so that no group frame is seen twice in between. Return 0 or -errno;
 * steer_attach_owner: -EPROTONOSUPPORT, with nothing attached, where an `ingress` qdisc leaves no
 * place for a program on egress (hook.h).
 */
int steer_attach_owner(struct steer *steer);
int steer_attach_primary(struct steer *steer, int ifindex);

/* Is on the primary of the pair in @slot what steer_attach_primary attaches? */
bool steer_has_primary(const struct pins *pins, unsigned slot, int ifindex);

/*
 * Puts our programs where they belong again: where others took them away, or came before or behind
 * them. All are tried. Returns 0 or -errno, -EPROTONOSUPPORT as above.
 */
int steer_keep_place(struct steer *steer, int primary_ifindex);

/*
 * Need no programs, hence no struct steer: the hooks are found by ifindex. A device that is gone
 * leaves its pins to be removed. A clsact qdisc of ours goes with the programs, but not from an
 * owner or standby that is up: the kernel deactivates the transmit queues of a device while it
 * takes one away (qdisc_graft, net/sched/sch_api.c), and drops what is sent meanwhile.
 * steer_detach_owner undoes steer_attach_owner. Return 0 or -errno.
 */
int steer_detach_owner(const struct pins *pins, unsigned slot);
int steer_detach_primary(const struct pins *pins, unsigned slot, int ifindex);

/*
 * Others' that run before ours on the owner's egress: what one of them passes finally (TC_ACT_OK)
 * stays on the standby. All zero where that cannot be found out.
 */
void steer_get_egress_others(const struct pins *pins, int owner_ifindex, struct hook_others *ret);

/* Others' that run after ours there: they do not see what leaves over the primary. */
void steer_get_egress_others_behind(const struct pins *pins, int owner_ifindex,
				    struct hook_others *ret);

/*
 * The same before ours on the primary's ingress: packets that one passes with TC_ACT_OK are lost.
 */
void steer_get_primary_others(const struct pins *pins, int primary_ifindex,
			      struct hook_others *ret);

/* The same on the ingress of a net_failover pair's standby. */
void steer_get_redirect_others(const struct pins *pins, int standby_ifindex,
			       struct hook_others *ret);

/*
 * The same on the owner's: what one of them passes finally is not seen to be a second copy, nor to
 * be for a port.
 */
void steer_get_owner_others(const struct pins *pins, int owner_ifindex, struct hook_others *ret);

/* Where the tcx link of the owner's ingress is pinned, for who has to come behind it. */
void steer_ingress_pin(const struct pins *pins, int owner_ifindex, char *path, size_t size);

/*
 * What the owner's egress, or the primary's ingress, has our program by: "tcx", "clsact" or
 * "nothing".
 */
const char *steer_describe(const struct pins *pins, int owner_ifindex);
const char *steer_describe_primary(const struct pins *pins, int primary_ifindex);

#endif
