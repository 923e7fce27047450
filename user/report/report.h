/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * report: the read model of `status`: the pairs and their ports. report_read fills it once, from
 * the pinned maps and netlink, without an agent. writer.h writes it.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "datapath/bypass.h"
#include "datapath/hook.h"
#include "maps/pins.h"
#include "policy/candidates.h"
#include "report/hints.h"
#include "report/report_ports.h"
#include <stdint.h>
#include <stdio.h>

#define REPORT_CANDIDATES_MAX 8

/* See candidates.h. */
struct report_candidate {
	char name[VFSTEER_NAME_SIZE];
	char pci_address[16];   /* empty: not on PCI */
	char permanent_mac[18]; /* empty: none */
	enum candidate_verdict verdict;
	char text[CANDIDATES_TEXT_SIZE];
};

/* See qdisc_plan.h. */
struct report_qdisc {
	/* of the standby's root qdisc; empty: the kernel's default, which is not reported */
	char kind[16];
	/* the primary has it too; else it is bypassed while the primary is active */
	bool mirrored;
	char why[128];      /* why it is not mirrored */
	uint32_t queued;    /* packets in the primary's queues, which would be lost with it */
};

struct report_pair {
	unsigned slot;
	bool is_here; /* its devices are in the network namespace of this process */
	enum vfsteer_kind kind;
	char owner[VFSTEER_NAME_SIZE]; /* the device with the addresses, which names the pair */
	char standby[VFSTEER_NAME_SIZE];
	char primary[VFSTEER_NAME_SIZE]; /* empty: absent */
	bool primary_is_named;           /* no other is accepted */
	char mac[18];
	struct vfsteer_state state;
	enum vfsteer_drain drain;
	int64_t drain_ends_in_ns; /* -1: never */
	enum vfsteer_down_reason down_reason; /* of the primary; DOWN_NOT unless it is down */
	enum vfsteer_reach reach;
	bool standby_carrier;
	enum vfsteer_liveness liveness;
	bool compare_and_swap; /* BPF changes the word by it, else by stores */
	bool removals_held;    /* until a switchover is announced */
	bool rx_direct;
	unsigned failures;    /* consecutive, of the primary: see policy_failures */
	/* held back for this long; -1: not held back, or there is no agent to retry */
	int64_t retry_in_ns;
	/* programs of others before ours, on the standby's egress */
	struct hook_others egress_others;
	bool egress_is_before;
	enum vfsteer_announce announce;
	unsigned announce_exceptions;
	bool arp_is_filtered; /* by the guest, so no IPv4 address is announced: arp_rules.h */
	/* of the last announcement; unsent_frames: of these, not sent */
	uint32_t announced_frames, unsent_frames;
	struct report_qdisc qdisc;
	uint32_t xdp_program;     /* of others, on the standby; 0: none, or unknown */
	enum vfsteer_xdp_mirror xdp_mirror; /* how the primary has it */
	unsigned bypass_count;
	struct bypass bypasses[BYPASS_KINDS]; /* see bypass.h */
	const char *attached_by; /* "tcx", "clsact" or "nothing"; a static string */
	int64_t last_switch_age_ns;  /* valid if state.switches is not 0 */
	int64_t last_switch_unix_ns; /* the same moment by the present wall clock */
	struct vfsteer_counters counters;
	unsigned port_count;
	struct report_uplink standby_uplink, primary_uplink;
	unsigned hint_count;
	struct hint hints[HINTS_MAX];
	unsigned candidate_count; /* may exceed the room: the rest is omitted */
	struct report_candidate candidates[REPORT_CANDIDATES_MAX];
};

#define REPORT_WATCHED_MAX 32

struct report {
	bool agent; /* an agent is running */
	/*
	 * sysctl kernel.ftrace_enabled is 0: the programs are attached and do not run, and none is
	 * listed
	 */
	bool tracing_off;
	bool backlog_counted; /* counters.drop_backlog_packets counts: see drops.h */
	unsigned watched_count;
	/* functions that warn of the end of a primary, by name */
	char watched[REPORT_WATCHED_MAX][48];
	unsigned silent_count;
	/* functions whose programs are attached and do not run */
	char silent[REPORT_WATCHED_MAX][48];
	unsigned pair_count;
	struct report_pair *pairs;
	struct report_ports *ports; /* of all pairs, see report_ports.h; NULL: none */
};

/*
 * Reads the pair in @slot, or every pair if @slot is -1. @agent: see pins_agent_runs. A primary
 * that the map has although it has left this network namespace without an agent is reported as
 * absent. Returns 0, and the caller calls report_free; or -errno, *ret untouched.
 */
int report_read(const struct pins *pins, int slot, bool agent, struct report *ret);
void report_free(struct report *report);

#endif
