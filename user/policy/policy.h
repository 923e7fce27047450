/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * policy: what a pair's word should be. A pure function of what is seen of the devices, the word as it is, and
 * the time; it neither reads nor changes anything, so it can be tried in every situation without root.
 */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include "vfsteer.h"
#include <stdbool.h>
#include <stdint.h>

struct policy_limits {
	uint64_t up_delay_ns;        /* carrier must have lasted so long before a primary is used */
	uint64_t leaving_timeout_ns; /* a warned-about primary that is still there after this is taken back */
};

struct policy_view {
	struct vfsteer_state state;
	bool primary_exists;
	bool primary_is_read;   /* what follows was read after the word was; else it may be stale: believed only where it speaks against the primary */
	bool primary_prepared;  /* silent, aligned, attached */
	bool primary_matches;   /* MAC, MTU, place of our program and XDP are as they have to be */
	enum vfsteer_down_reason mismatch; /* why it is not fit, where primary_matches is false */
	bool primary_running;   /* IFF_UP, and not detached by its driver */
	bool primary_detached;  /* of the two, the latter */
	enum vfsteer_reach primary_reach; /* REACH_DEAD: it is not used; REACH_CHECKING: it waits */
	bool primary_carrier;   /* with carrier, and the kernel's link work done (operstate up or unknown) */
	bool standby_carrier;
	bool operator_asked;    /* this look is made because of `vfsteer switch` */
	bool removal_cancelled; /* the hypervisor took its request back */
	uint64_t now_ns;        /* CLOCK_BOOTTIME, as the other times */
	uint64_t carrier_since_ns;
	uint64_t retry_ns; /* not taken before: one that failed (policy_retry_ns), or whose driver may not receive all yet */
	uint64_t leaving_since_ns;   /* the last warning of its removal */
	uint64_t leaving_settled_ns; /* of that, what has been dealt with: cancelled, waited for in vain, or of an earlier primary */
};

struct policy_decision {
	struct vfsteer_state wanted; /* switches not counted: the change of the word does that */
	uint64_t wake_ns;            /* look again at this time even if nothing happens; 0: no need */
	enum vfsteer_down_reason down_reason; /* DOWN_NOT unless wanted.primary is PRIMARY_DOWN */
};

/* How long to wait before a primary that could not be read is read again. */
#define POLICY_REREAD_NS 1000000000ULL

/* A primary that was active for so long has made good for its earlier failures. */
#define POLICY_FAIR_SERVICE_NS 5000000000ULL

/*
 * Flap damping: a primary that keeps failing is taken back later and later. What the checks in the kernel see and netlink does
 * not show must not make agent and data path move the traffic to and fro.
 */

/* How many failures in a row it is when a primary fails that had failed @failures times before and then served @served_ns. 0: none
 * that counts, for it served a fair time. */
uint8_t policy_failures(uint8_t failures, uint64_t served_ns);

/* How long to wait after the last of @failures in a row: 100 ms, doubled with each, 30 s at most. */
uint64_t policy_penalty_ns(uint8_t failures);

/*
 * The time (CLOCK_BOOTTIME) before which a primary that failed is not taken back; 0: it is not held back. From what the map keeps, so
 * that it outlives the agent and anybody can tell.
 */
uint64_t policy_retry_ns(struct vfsteer_state state, uint8_t failures, uint64_t last_switch_ns);

/*
 * @view->state is the word that was read before the devices were: the caller replaces just that by the decision, with
 * compare-and-swap, and starts over when it has changed meanwhile. A primary becomes active only in a second step, from
 * PRIMARY_READY: that way a loss of carrier between reading the device and changing the word cannot go unseen.
 * A primary that could not be read is not made ready and not made active; one that is active stays so until something speaks against it.
 * A primary that has to wait (up_delay_ns, retry_ns) is joining; when the standby has no carrier it is ready meanwhile, so that the
 * data path may send each packet over it that would be lost on the standby.
 */
struct policy_decision policy_decide(const struct policy_view *view, const struct policy_limits *limits);

/*
 * The word after the operator asked for @admin, decided by policy_decide from the word alone: the primary is taken to be what @state says. For when no
 * agent is there to look at it. Only admin, active and cause change.
 */
struct vfsteer_state policy_switch(struct vfsteer_state state, enum vfsteer_admin admin);

/* May the operator ask for @admin now? ADMIN_PRIMARY needs a primary that is ready. */
bool policy_admits(struct vfsteer_state state, enum vfsteer_admin admin);

/*
 * Does what is known without reading the primary (primary_is_read is false) already move the traffic off it? Then @decision is carried out before the
 * primary is read, which waits for RTNL for as long as anybody holds it: a driver that hangs, or whoever is tearing the primary down. Another MAC or MTU
 * is none of that: who changes it on both devices may be half-way.
 */
bool policy_is_urgent(const struct policy_view *view, const struct policy_decision *decision);

#endif
