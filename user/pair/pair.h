/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pair: one pair in the agent's hands: its slot in the map, its programs, the readiness of its primary, its
 * announcements. What should be is decided in policy; here it is carried out.
 */
#ifndef PAIR_PAIR_H
#define PAIR_PAIR_H

#include "announce/announce.h"
#include "announce/spoken.h"
#include "datapath/bypass.h"
#include "datapath/steer.h"
#include "pair/align.h"
#include "pair/pair_path.h"
#include "pair/pair_qdisc.h"
#include "pair/xdp_mirror.h"
#include "policy/candidates.h"
#include "policy/pairing.h"
#include "policy/quiet.h"
#include "port/placed.h"
#include "port/uplinks.h"
#include "port/world.h"

#define PAIR_TOLD_MAX 16
#define PAIR_RETRY_NS 1000000000ULL /* after a failure for a reason that may pass */

struct pair_told {
	int ifindex;
	enum candidate_verdict verdict;
};

/* See guard.h. */
struct guard {
	bool due;                 /* look at /proc: what is set there may have changed */
	uint64_t rounds_since_ns; /* from when on they are counted */
	unsigned rounds;          /* in which something had to be put right */
	uint64_t told_strip_ns, told_silence_ns;
	const char *told_broken;
};

struct pair {
	unsigned slot;
	int standby, primary; /* ifindexes; primary 0: none */
	int owner;            /* the device with the addresses, likewise: the standby, or net_failover's master */
	enum vfsteer_kind kind;
	unsigned standby_incarnation, primary_incarnation; /* see struct netdev */
	bool named;           /* the primary was named: see pairing.h */
	bool rx_direct;       /* wished for: see direct.h */
	const char *direct_refusal; /* told last */
	struct pair_qdisc qdisc;
	struct path_wish path_wish;
	struct pair_path path;
	bool prepared;        /* for this primary: silent, aligned as far as it goes, attached, up once */
	bool adopted;         /* the primary was found in the pins: its being down is somebody's wish */
	bool mtu_refused;
	enum vfsteer_down_reason unfit; /* what else keeps the primary from being used: DOWN_XDP; DOWN_NOT: nothing */
	bool filtered;        /* somebody's XDP program on the standby has to see what the primary receives: see xdp_mirror.h */
	bool mirror_is_known; /* of this primary: an agent before this one may have died with a program on it that the slot does not tell of */
	struct xdp_mirror_try mirror_tried;
	bool mirror_waits;    /* xdp_mirror_update is to be called again when the primary is empty: see aside.h */
	uint64_t aside_until_ns; /* when that is; 0 or in the past: it is */
	uint64_t xdp_look_ns; /* when to look at the standby's XDP program again, of which links tell nobody */
	bool realign;         /* the owner changed: align again at the next step */
	bool regroup;         /* a switch was announced with groups that may be old: see pair_announce_late_groups */
	bool readdress;       /* addresses changed: collect what to announce again */
	uint64_t readdress_ns; /* when to do so once more: the ports' programs tell only so often; 0: no need */
	bool operator_asked, removal_cancelled;
	bool due;               /* something happened to it: to be looked at */
	uint64_t wake_ns;       /* when to look at it though nothing happens; 0: no need */
	struct pairing pairing; /* its own of the last look at everything; standby 0: it was not among the pairs then */
	bool standby_had_carrier; /* at the last step: the watch programs keep the map's own, ahead of netlink */
	uint64_t carrier_since_ns; /* the primary is up, not detached, and has carrier since then; 0: one of these is not so (observe_note) */
	bool was_closed;      /* the primary was not running when it was looked at last */
	uint64_t receives_ns; /* from then on its driver is taken to have done what it was asked to receive: see align_has_grown */
	uint64_t leaving_settled_ns; /* see policy.h */
	uint64_t active_since_ns; /* of the primary; 0: it is not active. See policy_failures */
	struct steer *steer;
	struct uplinks uplinks;
	struct align *align, *standby_align; /* the latter of a net_failover pair alone */
	struct mac_list own_macs; /* in the map of that name */
	struct guard guard;
	struct announcement frames;
	struct spoken spoken;
	struct quiet quiet;
	unsigned announcements_left;
	uint64_t next_announcement_ns;
	uint32_t told_switches; /* state.switches that a line was written for */
	uint64_t retry_ns;     /* when to do again what failed for a reason that may pass (realign, readdress); 0: there is none */
	bool left_unread;      /* the last decision moved the traffic off the primary before that was read */
	int read_error;         /* of the last attempt to read the primary: told; 0: it was read */
	const char *trouble, *standby_trouble; /* told last of the two devices, so that it is told once */
	struct placed placed;   /* of the programs without which the primary is not used, all together */
	struct placed standby_placed; /* of the standby's on ingress */
	struct pair_told told[PAIR_TOLD_MAX]; /* candidates.h: what was told of which device, the newest overwrite the oldest */
	unsigned told_count;
	struct bypass bypasses[BYPASS_KINDS]; /* told last */
	unsigned bypass_count;
};

/*
 * Takes the pair's slot (its own from an earlier run, or a free one), loads the programs and attaches them to the
 * standby; traffic goes on over the standby, or over the primary where an earlier run left it. Returns 0 and *ret, -ENOSPC
 * when no slot is free, or -errno, with nothing attached that was not before.
 */
int pair_new(struct world *world, const struct pairing *pairing, struct pair **ret);

/* Ends the agent's part; what is in the kernel stays and works on. Takes NULL. */
void pair_free(struct pair *pair);

/* Puts the pair's programs where they belong again. A primary is not used while one has no place where it must have it: the next step sees to
 * that. */
void pair_keep_place(struct world *world, struct pair *pair);

/* Gives the pair up because its standby or its owner is gone: programs, pins and slot. Frees @pair. */
void pair_remove(struct world *world, struct pair *pair);

/* Whether the standby is gone, or has been away: then it is another one. Likewise when its owner is another one. */
bool pair_is_over(const struct world *world, const struct pair *pair);

/* Some news was lost: was the primary away meanwhile? Then the next step meets it anew. */
void pair_doubt_primary(const struct world *world, struct pair *pair);

/* If the word has changed since the last announcement, announces on the wire that is active now. Touches nothing that
 * waits for RTNL, hence the first thing to do on any event. */
void pair_announce_switch(struct world *world, struct pair *pair);

/*
 * Brings the pair to where it should be: follows a primary that came or went, makes it ready, decides, switches, announces.
 * Returns the time (CLOCK_BOOTTIME, ns) at which to look again, 0 for not before something happens.
 */
uint64_t pair_step(struct world *world, struct pair *pair, const struct pairing *pairing);

/*
 * To be asked before the primary is disturbed; waits for nobody. True: do it now. The standby is active, and what was on its way over the primary has
 * arrived; or the standby has no carrier, and the primary carries on. False: the traffic was moved off the primary just now, announced, and the primary
 * is not used before pair->aside_until_ns: ask again then. The caller notes that it waits (aside.h); the step after it takes the primary back.
 */
bool pair_step_aside(struct world *world, struct pair *pair, enum vfsteer_cause cause);

/* Brings what its devices do for its ports to what that has to be: see uplinks_update. After a change of its ports or of its primary. Returns 0 or
 * -errno. */
int pair_update_uplinks(struct world *world, struct pair *pair);

/* Puts the standby's programs for ports where they belong again. */
void pair_keep_uplinks(struct world *world, struct pair *pair);

/* The primary leaves, or is not used any more: takes our XDP program from it. */
void pair_part_uplinks(struct world *world, struct pair *pair);

/* The pair as its ports and uplinks see it. */
struct uplinks_pair pair_for_ports(struct pair *pair);

/* Collects the pair's groups anew, which may have changed without any news: sources, versions, and what is joined on a bridge. Waits for no RTNL.
 * Returns whether they have changed. */
bool pair_follow_groups(struct world *world, struct pair *pair);

/* What the kernel said of groups until now may be old: to be called whenever something woke the agent. They are then read once for all pairs. */
void pair_forget_groups(struct world *world);

/* The network is told anew where the pair's MACs and addresses are, at the next step. */
void pair_announce_anew(const struct world *world, struct pair *pair);

/*
 * Logs @trouble (a static text; NULL: there is none any more) with @device, and with @error, an -errno or 0: one line per trouble, and one when it is
 * over. @told: what was told last of this device, &pair->trouble or &pair->standby_trouble.
 */
void pair_tell_trouble(const char **told, const struct netdev *owner, const struct netdev *device, const char *trouble, int error);

/* The pair's entry in the map. */
static inline struct vfsteer_pair *pair_slot(const struct world *world, const struct pair *pair)
{
	return &world->pins.pairs[pair->slot];
}

/* The device with the pair's addresses, routes and sockets: what is announced, aligned with and looked at is what it has. NULL: it is gone. */
static inline const struct netdev *pair_owner(const struct world *world, const struct pair *pair)
{
	return netdev_by_index(world->table, pair->owner);
}

/* The earlier of two times at which to look again, of which 0 is none. */
static inline uint64_t pair_earlier(uint64_t a_ns, uint64_t b_ns)
{
	return !a_ns || (b_ns && b_ns < a_ns) ? b_ns : a_ns;
}

/* CLOCK_BOOTTIME in ns, the clock of all times here and of bpf_ktime_get_boot_ns. */
uint64_t pair_clock_ns(void);

#endif
