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
 * Attaches our programs to the pair's devices, which its slot names, or replaces them atomically:
 * to the owner, with it the standby of a net_failover pair, and to the primary, which gets none
 * there. The owner's ingress comes first, so that no multicast frame is delivered twice. Each
 * returns 0 or -errno; steer_attach_owner: -EPROTONOSUPPORT, with nothing attached, if an `ingress`
 * qdisc leaves no egress hook (hook.h).
 */
int steer_attach_owner(struct steer *steer);
int steer_attach_primary(struct steer *steer, int ifindex);

/* Is the program that steer_attach_primary attaches on the primary of the pair in @slot? */
bool steer_has_primary(const struct pins *pins, unsigned slot, int ifindex);

/*
 * Attaches our programs in their places again, after others removed them or were attached before or
 * after them. Tries all. Returns 0 or -errno, -EPROTONOSUPPORT as above.
 */
int steer_keep_place(struct steer *steer, int primary_ifindex);

/*
 * Detach our programs; need no struct steer, since the hooks are found by ifindex. If a device is
 * gone, its pins are removed. Our clsact qdisc is deleted as well, unless the owner or standby is
 * up: to delete it, the kernel deactivates the device's transmit queues (qdisc_graft,
 * net/sched/sch_api.c) and drops packets. steer_detach_owner undoes steer_attach_owner. Each
 * returns 0 or -errno.
 */
int steer_detach_owner(const struct pins *pins, unsigned slot);
int steer_detach_primary(const struct pins *pins, unsigned slot, int ifindex);

/*
 * Reads foreign programs before ours on the owner's egress: packets that one of them passes with
 * TC_ACT_OK stay on the standby. All zero if they cannot be read.
 */
void steer_get_egress_others(const struct pins *pins, int owner_ifindex, struct hook_others *ret);

/* The same after ours: they do not see packets that leave over the primary. */
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
 * The same before ours on the owner's ingress: frames that one passes with TC_ACT_OK are not
 * checked for second copies or for ports.
 */
void steer_get_owner_others(const struct pins *pins, int owner_ifindex, struct hook_others *ret);

/*
 * Writes where the tcx link of the owner's ingress is pinned, for programs that must run after it.
 */
void steer_ingress_pin(const struct pins *pins, int owner_ifindex, char *path, size_t size);

/*
 * Returns how our program is attached to the owner's egress or the primary's ingress: "tcx",
 * "clsact" or "nothing".
 */
const char *steer_describe(const struct pins *pins, int owner_ifindex);
const char *steer_describe_primary(const struct pins *pins, int primary_ifindex);

#endif
