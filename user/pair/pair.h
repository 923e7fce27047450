/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pair: one pair of the agent: its slot in the map, its programs, its primary, its announcements.
 * policy/ decides; this room carries the decisions out.
 */
#ifndef PAIR_PAIR_H
#define PAIR_PAIR_H

#include "announce/announce.h"
#include "announce/bridges.h"
#include "announce/spoken.h"
#include "datapath/bypass.h"
#include "datapath/steer.h"
#include "pair/align.h"
#include "pair/pair_path.h"
#include "pair/pair_qdisc.h"
#include "pair/xdp_mirror.h"
#include "policy/candidates.h"
#include "policy/drain.h"
#include "policy/pairing.h"
#include "policy/quiet.h"
#include "port/placed.h"
#include "port/uplinks.h"
#include "port/world.h"

#define PAIR_LOGGED_MAX 16
#define PAIR_RETRY_NS 1000000000ULL /* after a failure for a temporary reason */

struct pair_logged {
	int ifindex;
	enum candidate_verdict verdict;
};

/* See guard.h. */
struct guard {
	bool due;                 /* read /proc: settings there may have changed */
	uint64_t rounds_since_ns; /* since when they are counted */
	unsigned rounds;          /* in which something was restored */
	uint64_t logged_strip_ns, logged_silence_ns;
	const char *logged_broken;
};

struct pair {
	unsigned slot;
	int standby, primary; /* ifindexes; primary 0: none */
	/* the device with the addresses: the standby, or the master of net_failover */
	int owner;
	enum vfsteer_kind kind;
	unsigned standby_incarnation, primary_incarnation; /* see struct netdev */
	bool named;           /* the primary was named: see pairing.h */
	bool rx_direct;       /* requested: see direct.h */
	const char *direct_refusal; /* the logged reason */
	struct pair_qdisc qdisc;
	struct path_requested path_requested;
	struct pair_path path;
	/* for this primary: silent, aligned as far as possible, attached, up once */
	bool prepared;
	/* the primary was found in the pins: if it is down, a user did that */
	bool adopted;
	bool mtu_refused;
	/* another reason not to use the primary: DOWN_XDP; DOWN_NOT: none */
	enum vfsteer_down_reason unfit;
	/* an XDP program on the standby must see the frames of the primary: see xdp_mirror.h */
	bool filtered;
	/*
	 * of this primary: a killed agent may have left a program on it that the slot does not show
	 */
	bool mirror_is_known;
	struct xdp_mirror_try mirror_tried;
	/* call xdp_mirror_update again when the primary is drained: see aside.h */
	bool mirror_waits;
	uint64_t aside_until_ns; /* when the primary is drained; 0 or in the past: now */
	/* when to read the standby's XDP program again: links cause no netlink message */
	uint64_t xdp_look_ns;
	bool realign;         /* the owner changed: align at the next step */
	/* a switchover was announced with groups that may be old: see pair_announce_late_groups */
	bool regroup;
	bool readdress;       /* addresses changed: collect what to announce */
	/*
	 * when to collect once more: the ports' programs wake the agent at a limited rate; 0: no
	 * need
	 */
	uint64_t readdress_ns;
	bool operator_asked, removal_cancelled;
	bool due;               /* something happened: step the pair */
	uint64_t wake_ns;       /* when to step it without an event; 0: no need */
	/* of the last reconciliation; standby 0: not among the pairs then */
	struct pairing pairing;
	/* at the last step: the watch programs keep the map's flag, ahead of netlink */
	bool standby_had_carrier;
	/*
	 * since when the primary is up, not detached and with carrier; 0: it is not (observe_note)
	 */
	uint64_t carrier_since_ns;
	bool was_closed;      /* the primary was not running at the last look */
	/* from then on the driver receives what was requested: see align_has_grown */
	uint64_t receives_ns;
	uint64_t leaving_settled_ns; /* see policy.h */
	uint64_t active_since_ns; /* of the primary; 0: not active. See policy_failures */
	struct steer *steer;
	struct uplinks uplinks;
	struct align *align, *standby_align; /* standby_align: only in a net_failover pair */
	struct mac_list own_macs; /* what the map of that name has */
	struct guard guard;
	struct announcement frames;
	struct spoken spoken;
	struct bridges bridges; /* above the owner, as addresses_collect read them */
	struct quiet quiet;
	unsigned announcements_left;
	uint64_t next_announcement_ns;
	uint32_t logged_switches; /* state.switches of the last logged switchover */
	/* when to repeat what failed for a temporary reason (realign, readdress); 0: nothing */
	uint64_t retry_ns;
	/* the last decision moved the traffic off the primary before a read of it */
	bool left_unread;
	/* of the last attempt to read the primary, logged; 0: it was read */
	int read_error;
	const char *trouble, *standby_trouble; /* the logged trouble of each device; NULL: none */
	struct drain drain; /* the drain under way: see pair_drain.h */
	struct placed placed;   /* of the programs that the primary needs, all together */
	struct placed standby_placed; /* of the standby's ingress program */
	/* candidates.h: what was logged about which device; new entries replace the oldest */
	struct pair_logged logged[PAIR_LOGGED_MAX];
	unsigned logged_count;
	struct bypass bypasses[BYPASS_KINDS]; /* as logged */
	unsigned bypass_count;
};

/*
 * Takes the pair's slot (its own of an earlier run, or a free one), loads the programs and attaches
 * them to the standby. Traffic stays on the standby, or on the primary if an earlier run left it
 * there. Returns 0 and *ret; -ENOSPC: no slot is free; or -errno, with nothing newly attached.
 */
int pair_new(struct world *world, const struct pairing *pairing, struct pair **ret);

/* Ends the agent's part. What is in the kernel stays and works. Accepts NULL. */
void pair_free(struct pair *pair);

/*
 * Attaches the pair's programs in their places again. A primary is not used while a program that it
 * needs has no place: the next step decides that.
 */
void pair_keep_place(struct world *world, struct pair *pair);

/*
 * Removes the pair because its standby or its owner is gone: programs, pins and slot. Frees @pair.
 */
void pair_remove(struct world *world, struct pair *pair);

/* Is the standby or the owner gone, or replaced by another device? */
bool pair_is_over(const struct world *world, const struct pair *pair);

/*
 * After lost netlink messages, checks whether the primary was removed and re-added. If so, the next
 * step sets it up again.
 */
void pair_doubt_primary(const struct world *world, struct pair *pair);

/*
 * If the word has changed since the last announcement, announces on the wire that is active now.
 * Does not wait for RTNL, so it comes first after any event.
 */
void pair_announce_switch(struct world *world, struct pair *pair);

/*
 * Brings the pair to its decided state: follows a primary that was added or removed, prepares it,
 * decides, switches over, announces. Returns when to call again (CLOCK_BOOTTIME, ns); 0: after an
 * event.
 */
uint64_t pair_step(struct world *world, struct pair *pair, const struct pairing *pairing);

/*
 * Called before an operation that disturbs the primary; does not wait. True: perform it now. The
 * standby is active and packets in flight over the primary have arrived; or the standby has no
 * carrier, and the primary stays active. False: the traffic was moved off the primary, announced,
 * and the primary is not used before pair->aside_until_ns: call again then. The caller notes that
 * it waits (aside.h). The step after the operation takes the primary back.
 */
bool pair_step_aside(struct world *world, struct pair *pair, enum vfsteer_cause cause);

/*
 * Updates what the pair's devices do for its ports: see uplinks_update. Called after a change of
 * its ports or of its primary. Returns 0 or -errno.
 */
int pair_update_uplinks(struct world *world, struct pair *pair);

/* Attaches the standby's programs for ports in their places again. */
void pair_keep_uplinks(struct world *world, struct pair *pair);

/* Before the primary is removed or no longer used: detaches our XDP program from it. */
void pair_detach_uplinks(struct world *world, struct pair *pair);

/* Returns the pair as its ports and uplinks see it. */
struct uplinks_pair pair_for_ports(struct pair *pair);

/*
 * Collects the pair's groups, which may change without a netlink message: sources, versions, and
 * what is joined on a bridge. Does not wait for RTNL. Returns whether they have changed.
 */
bool pair_follow_groups(struct world *world, struct pair *pair);

/*
 * Reads the groups behind the bridges above the owner, which nothing reports: a notification of
 * each could be provoked in any number by a station. Waits for RTNL. After a change the next step
 * collects all.
 */
void pair_follow_stations(struct world *world, struct pair *pair);

/*
 * Marks the groups that were read as old; called after each wake-up. They are then read once for
 * all pairs.
 */
void pair_forget_groups(struct world *world);

/* Has the pair's MACs and addresses announced at the next step. */
void pair_announce_anew(const struct world *world, struct pair *pair);

/*
 * Logs @trouble (a static text; NULL: recovered) of @device, with @error, an -errno or 0: one line
 * per trouble, and one at its end. @logged: the logged trouble of this device, &pair->trouble or
 * &pair->standby_trouble.
 */
void pair_log_trouble(const char **logged, const struct netdev *owner, const struct netdev *device,
		      const char *trouble, int error);

/* Returns the pair's entry in the map. */
static inline struct vfsteer_pair *pair_slot(const struct world *world, const struct pair *pair)
{
	return &world->pins.pairs[pair->slot];
}

/*
 * Returns the device with the pair's addresses, routes and sockets, which is announced and aligned
 * with. NULL: it is gone.
 */
static inline const struct netdev *pair_owner(const struct world *world, const struct pair *pair)
{
	return netdev_by_index(world->table, pair->owner);
}

/* Returns the earlier of two times; 0 is none. */
static inline uint64_t pair_earlier(uint64_t a_ns, uint64_t b_ns)
{
	return !a_ns || (b_ns && b_ns < a_ns) ? b_ns : a_ns;
}

/* Returns CLOCK_BOOTTIME in ns, the clock of all times here and of bpf_ktime_get_boot_ns. */
uint64_t pair_clock_ns(void);

#endif
