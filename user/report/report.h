/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * report: the read model of `status`: what there is to say about the pairs and their ports. report_read fills it once, from the pinned maps and
 * netlink, and needs no agent. writer.h writes it.
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
	char kind[16];      /* of the standby's root qdisc; empty: the kernel's default, of which there is nothing to tell */
	bool mirrored;      /* it is on the primary too: else it is bypassed while that is active */
	char why[128];      /* not mirrored */
	uint32_t queued;    /* packets that wait in the primary's: they are lost if it vanishes now */
};

struct report_pair {
	unsigned slot;
	bool is_here; /* its devices are in this process's network namespace */
	char standby[VFSTEER_NAME_SIZE];
	char primary[VFSTEER_NAME_SIZE]; /* empty: absent */
	bool primary_is_named;           /* no other will be taken */
	char mac[18];
	struct vfsteer_state state;
	enum vfsteer_down_reason down_reason; /* of the primary; DOWN_NOT unless that is down */
	enum vfsteer_reach reach;
	bool standby_carrier;
	enum vfsteer_liveness liveness;
	bool compare_and_swap; /* how BPF changes the word: else by stores */
	bool removals_held;    /* until a switch is announced */
	bool rx_direct;
	unsigned failures;    /* of the primary, in a row: see policy_failures */
	int64_t retry_in_ns;  /* it is held back for so long; -1: it is not held back, or there is no agent to take it back */
	struct hook_others egress_others; /* of others, on the standby's egress, before ours */
	bool egress_is_before;
	enum vfsteer_announce announce;
	unsigned announce_exceptions;
	uint32_t announced_frames, unsent_frames; /* of the last announcement; the latter are among the former */
	struct report_qdisc qdisc;
	uint32_t xdp_program;     /* somebody's on the standby; 0: none, or not known */
	enum vfsteer_xdp_mirror xdp_mirror; /* what became of it */
	unsigned bypass_count;
	struct bypass bypasses[BYPASS_KINDS]; /* see bypass.h */
	const char *attached_by; /* "tcx", "clsact" or "nothing"; a static string */
	int64_t last_switch_age_ns;  /* meaningful when state.switches is not 0 */
	int64_t last_switch_unix_ns; /* the same moment, on the wall clock as it is set now */
	struct vfsteer_counters counters;
	unsigned port_count;
	struct report_uplink standby_uplink, primary_uplink;
	unsigned hint_count;
	struct hint hints[HINTS_MAX];
	unsigned candidate_count; /* more than there is room for: the rest is left out */
	struct report_candidate candidates[REPORT_CANDIDATES_MAX];
};

#define REPORT_WATCHED_MAX 32

struct report {
	bool agent; /* an agent is running */
	bool tracing_off; /* sysctl kernel.ftrace_enabled is 0: the programs are there and not run, and none is listed */
	bool backlog_counted; /* counters.drop_backlog_packets tells: see drops.h */
	unsigned watched_count;
	char watched[REPORT_WATCHED_MAX][48]; /* kernel functions that warn of a primary's end, in order of name */
	unsigned silent_count;
	char silent[REPORT_WATCHED_MAX][48]; /* those whose programs are attached and do not run */
	unsigned pair_count;
	struct report_pair *pairs;
	struct report_ports *ports; /* of all pairs, see report_ports.h; NULL: none */
};

/*
 * Reads the pair in @slot, or every pair when @slot is -1. @agent: see pins_agent_runs. A primary that the map
 * still names although it has left this network namespace (nobody was there to notice) is reported as absent.
 * Returns 0, and the caller ends with report_free; or -errno, *ret untouched.
 */
int report_read(const struct pins *pins, int slot, bool agent, struct report *ret);
void report_free(struct report *report);

#endif
