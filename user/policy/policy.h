/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * policy: decides the state word of a pair. A pure function of the view of the devices, the present
 * word and the time. It reads and changes nothing, so that unit tests cover every situation.
 */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include "vfsteer.h"
#include <stdbool.h>
#include <stdint.h>

struct policy_limits {
	uint64_t up_delay_ns;        /* a primary is used after carrier has lasted for this long */
	/* a primary that is leaving and still exists after this returns */
	uint64_t leaving_timeout_ns;
};

struct policy_view {
	struct vfsteer_state state;
	bool primary_exists;
	/*
	 * the fields below were read after the word; else they may be stale, and count only against
	 * the primary
	 */
	bool primary_is_read;
	bool primary_prepared;  /* silent, aligned, attached */
	bool primary_matches;   /* MAC, MTU, XDP and the place of our program are right */
	enum vfsteer_down_reason mismatch; /* why primary_matches is false */
	bool primary_running;   /* IFF_UP, and not detached by its driver */
	bool primary_detached;  /* detached by its driver */
	enum vfsteer_reach primary_reach; /* REACH_DEAD: not used; REACH_CHECKING: it waits */
	/* with carrier, after the kernel's link work (operstate up or unknown) */
	bool primary_carrier;
	bool standby_carrier;
	bool operator_asked;    /* called for `vfsteer switch` */
	bool removal_cancelled; /* the hypervisor cancelled its request */
	uint64_t now_ns;        /* CLOCK_BOOTTIME, like the other times */
	uint64_t carrier_since_ns;
	/*
	 * not used before this time: it failed (policy_retry_ns), or its driver may not yet receive
	 * everything
	 */
	uint64_t retry_ns;
	uint64_t leaving_since_ns;   /* the last warning of a removal */
	/* the last one that is settled: cancelled, timed out, or of an earlier primary */
	uint64_t leaving_settled_ns;
};

struct policy_decision {
	/* without the new count of switches, which the change of the word adds */
	struct vfsteer_state wanted;
	uint64_t wake_ns;            /* decide again at this time; 0: only after an event */
	enum vfsteer_down_reason down_reason; /* DOWN_NOT unless wanted.primary is PRIMARY_DOWN */
};

/* The delay before a primary that could not be read is read again. */
#define POLICY_REREAD_NS 1000000000ULL

/* A primary that was active for this long has its failure count reset. */
#define POLICY_FAIR_SERVICE_NS 5000000000ULL

/*
 * Flap damping: a primary that fails repeatedly returns later each time. Otherwise agent and data
 * path would move the traffic back and forth if the liveness check sees what netlink does not
 * report.
 */

/*
 * Returns the number of consecutive failures after a primary with @failures fails again, @served_ns
 * after it became active. 0: it was active long enough, the failure does not count.
 */
uint8_t policy_failures(uint8_t failures, uint64_t served_ns);

/* Returns the delay after the last of @failures: 100 ms, doubled with each, at most 30 s. */
uint64_t policy_penalty_ns(uint8_t failures);

/*
 * Returns the time (CLOCK_BOOTTIME) before which a failed primary does not return; 0: it is not
 * held back. The map has all arguments, so that a new agent, and `status`, find the same.
 */
uint64_t policy_retry_ns(struct vfsteer_state state, uint8_t failures, uint64_t last_switch_ns);

/*
 * @view->state is the word that was read before the devices. The caller replaces exactly that word,
 * by compare-and-swap, and starts again if it has changed. A primary becomes active only in a
 * second step, from PRIMARY_READY, so that no loss of carrier between the read of the device and
 * the change of the word is missed. A primary that could not be read does not become ready or
 * active; an active one stays active until something counts against it. A primary that waits
 * (up_delay_ns, retry_ns) is joining. If the standby has no carrier, a waiting primary is ready, so
 * that the data path may use it for packets that the standby would lose.
 */
struct policy_decision policy_decide(const struct policy_view *view,
				     const struct policy_limits *limits);

/*
 * Returns the word after the operator requested @admin, by policy_decide from the word alone: it
 * trusts @state about the primary. For use without an agent. Only admin, active and cause change.
 */
struct vfsteer_state policy_switch(struct vfsteer_state state, enum vfsteer_admin admin);

/* May the operator request @admin now? ADMIN_PRIMARY needs a primary that is ready. */
bool policy_admits(struct vfsteer_state state, enum vfsteer_admin admin);

/*
 * Does the decision move the traffic off the primary without a read of it (primary_is_read is
 * false)? Then the caller carries it out before it reads the primary: a read waits as long as
 * another process holds RTNL, for example a driver that hangs, or the removal itself. Another MAC
 * or MTU is not urgent: a user may be changing both devices.
 */
bool policy_is_urgent(const struct policy_view *view, const struct policy_decision *decision);

#endif
