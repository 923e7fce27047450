/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bypass: what stands on a pair's standby and does not see what goes by the primary. bypass_read collects the facts, for the agent and for
 * `status` without one; bypass_judge, which is pure, puts them into words.
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
	BYPASS_XDP_LEFT, /* on the primary, of a program that the standby has no more */
	BYPASS_AF_XDP,
	BYPASS_EGRESS,	      /* before ours */
	BYPASS_EGRESS_BEHIND, /* after ours */
	BYPASS_INGRESS,	      /* before ours on the primary's */
	BYPASS_STANDBY_INGRESS, /* before ours on the standby's */
	BYPASS_KINDS,
};

struct bypass_facts {
	char standby[IF_NAMESIZE], primary[IF_NAMESIZE]; /* primary empty: absent, and nothing is bypassed */
	const char *qdisc;     /* kind of the standby's root qdisc, if the primary has it not: see qdisc_plan.h; NULL: nothing is bypassed */
	const char *qdisc_why; /* it has it not */
	uint8_t xdp_mode;     /* of a program on the standby that is not ours; XDP_ATTACHED_NONE: there is none */
	uint32_t xdp_program; /* its id */
	uint32_t primary_xdp_program; /* id of the one on the primary, whoever's; 0: none */
	uint32_t mirrored_xdp_program; /* id of the one that an agent put there; 0: none */
	bool has_agent; /* which puts right what is not as it should be */
	bool rx_direct;
	enum vfsteer_xdp_mirror xdp_mirror; /* what the agent made of it last */
	int xdp_mirror_error;
	unsigned af_xdp_sockets; /* bound to the standby */
	unsigned
		unknown_sockets; /* AF_XDP sockets in this network namespace, where the kernel does not tell of which device (no xsk_diag) */
	struct hook_others egress_others; /* of others, on the standby's egress, before ours */
	struct hook_others egress_behind; /* the same after ours, and to stay there */
	bool egress_is_before;		  /* so the configuration says: ours is not to be the last */
	char redirected[IF_NAMESIZE]; /* the device whose frames are redirected to the owner; empty: the primary */
	struct hook_others ingress_others; /* of others, on its ingress, before ours */
	struct hook_others standby_ingress_others; /* the same on the owner's */
};

struct bypass {
	enum bypass_kind kind;
	char text[BYPASS_TEXT_SIZE]; /* what, and what to do */
};

/* Writes what is bypassed, at most one of a kind, in order of kind; returns how many. */
unsigned bypass_judge(const struct bypass_facts *facts, struct bypass ret[BYPASS_KINDS]);

/* "qdisc", "xdp", "xdp_left", "af_xdp", "egress", "egress_behind", "ingress",
 * "standby_ingress"; static strings. */
const char *bypass_word(enum bypass_kind kind);

struct bypass_reader;

/* Reads what is the same for all pairs: the AF_XDP sockets of this network namespace. What cannot be read is taken for absent.
 * Returns 0 or -ENOMEM; freed by bypass_reader_free, which takes NULL. */
int bypass_reader_new(struct bypass_reader **ret);
void bypass_reader_free(struct bypass_reader *reader);

/* How many AF_XDP sockets are bound to the device, or may be, where the kernel does not tell of which device they are. */
unsigned bypass_count_sockets(int ifindex);

/* The facts of the pair in @slot, whose devices are in @table, without the qdisc's, which the caller has or leaves to pair_qdisc.h. @has_agent: one
 * runs. */
void bypass_read(const struct bypass_reader *reader, const struct pins *pins, unsigned slot,
		 const struct netdev_table *table, bool has_agent, struct bypass_facts *ret);

#endif
