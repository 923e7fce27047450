/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bypass: programs and qdiscs on a pair's standby that do not see the primary's traffic.
 * bypass_read collects the facts, for the agent and for `status` without one; bypass_judge, which
 * is pure, describes them.
 */
#ifndef DATAPATH_BYPASS_H
#define DATAPATH_BYPASS_H

#include "datapath/hook.h"
#include "maps/pins.h"
#include "netdev/netdev.h"

#define BYPASS_TEXT_SIZE 384

enum bypass_kind {
	BYPASS_QDISC,
	BYPASS_XDP,
	BYPASS_XDP_LEFT, /* on the primary, without a program on the standby */
	BYPASS_AF_XDP,
	BYPASS_EGRESS,		/* before ours */
	BYPASS_EGRESS_BEHIND,	/* after ours */
	BYPASS_INGRESS,		/* before ours on the primary's */
	BYPASS_STANDBY_INGRESS, /* before ours on the standby's */
	BYPASS_KINDS,
};

struct bypass_facts {
	/* primary empty: absent, and nothing is bypassed */
	char standby[IF_NAMESIZE], primary[IF_NAMESIZE];
	/*
	 * kind of the standby's root qdisc, if the primary does not have it: see qdisc_plan.h;
	 * NULL: nothing is bypassed
	 */
	const char *qdisc;
	const char *qdisc_why; /* why the primary does not have it */
	/* of a foreign program on the standby; XDP_ATTACHED_NONE: there is none */
	uint8_t xdp_mode;
	uint32_t xdp_program;	       /* its id */
	uint32_t primary_xdp_program;  /* id of the program on the primary, of any owner; 0: none */
	uint32_t mirrored_xdp_program; /* id of the one that an agent attached there; 0: none */
	bool has_agent;		       /* an agent runs, and corrects what is wrong */
	bool rx_direct;
	enum vfsteer_xdp_mirror xdp_mirror; /* the agent's last result */
	int xdp_mirror_error;
	unsigned af_xdp_sockets; /* bound to the standby */
	unsigned
		/*
		 * AF_XDP sockets in this network namespace, if the kernel does not report their
		 * device (no xsk_diag)
		 */
		unknown_sockets;
	struct hook_others egress_others; /* foreign, on the standby's egress, before ours */
	struct hook_others egress_behind; /* the same after ours, where they stay */
	bool egress_is_before;		  /* egress = before: ours need not be last */
	/* the device whose frames are redirected to the owner; empty: the primary */
	char redirected[IF_NAMESIZE];
	struct hook_others ingress_others; /* foreign, on its ingress, before ours */
	struct hook_others standby_ingress_others; /* the same on the owner's */
};

struct bypass {
	enum bypass_kind kind;
	char text[BYPASS_TEXT_SIZE]; /* what is bypassed, and what to do */
};

/*
 * Writes what is bypassed, at most one entry per kind, in the order of kinds; returns their number.
 */
unsigned bypass_judge(const struct bypass_facts *facts, struct bypass ret[BYPASS_KINDS]);

/*
 * Returns "qdisc", "xdp", "xdp_left", "af_xdp", "egress", "egress_behind", "ingress" or
 * "standby_ingress", a static string.
 */
const char *bypass_word(enum bypass_kind kind);

struct bypass_reader;

/*
 * Reads what all pairs share: the AF_XDP sockets of this network namespace. What cannot be read
 * counts as absent. Returns 0 or -ENOMEM; the caller frees *ret with bypass_reader_free, which
 * takes NULL.
 */
int bypass_reader_new(struct bypass_reader **ret);
void bypass_reader_free(struct bypass_reader *reader);

/*
 * Returns the number of AF_XDP sockets that are bound to the device, or may be, if the kernel does
 * not report their device.
 */
unsigned bypass_count_sockets(int ifindex);

/*
 * Collects the facts of the pair in @slot, whose devices are in @table, except those of the qdisc,
 * which pair_qdisc.h has. @has_agent: one runs.
 */
void bypass_read(const struct bypass_reader *reader, const struct pins *pins, unsigned slot,
		 const struct netdev_table *table, bool has_agent, struct bypass_facts *ret);

#endif
