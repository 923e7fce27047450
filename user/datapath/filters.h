/* SPDX-License-Identifier: GPL-2.0-only */
/* filters: what stands on a device's clsact or ingress qdisc, ours and others'. */
#ifndef DATAPATH_FILTERS_H
#define DATAPATH_FILTERS_H

#include "datapath/hook.h"
#include <stdint.h>

/* Two of ours may be on one hook. The lowest bit is free: see struct filters. */
#define FILTERS_OUR_HANDLE 0x76667374	/* "vfst": steer's */
#define FILTERS_PORTS_HANDLE 0x76667074 /* "vfpt": the ports' */

/* TC_H_CLSACT equals TC_H_INGRESS: a device has one of them. */
enum filters_qdisc {
	FILTERS_QDISC_NONE,
	FILTERS_QDISC_CLSACT,
	FILTERS_QDISC_INGRESS, /* has no egress; sch_ingress takes a filter for "egress", and runs it on ingress */
};

struct filters_foreign {
	char kind[16]; /* "bpf", "flower" ...; empty: there is no filter */
	char name[64]; /* of a "bpf" filter, as its owner called it; else empty */
	uint16_t priority;
	uint32_t program;    /* id of a "bpf" filter's program, 0: none */
	bool is_bpf_for_all; /* "bpf", for all protocols: its priority can be shared */
};

#define FILTERS_OUR_MAX 4

struct filters_our {
	uint32_t handle;
	uint16_t priority;
};

struct filters {
	unsigned foreign; /* filters that are not ours */
	unsigned ours;	  /* of either handle */
	unsigned
		foreign_before; /* those of others that run before that of ours which was asked for, or all if we have none */
	unsigned our_count; /* of the one asked for, in our */
	struct filters_our our[FILTERS_OUR_MAX];
	struct filters_foreign first; /* of others' that runs first */
	struct filters_foreign first_behind; /* the same of those that run after ours; of no kind if we have none */
};

/*
 * Reads the filters of one direction (RTM_GETTFILTER), in the order in which they run; ours are those with
 * @handle, with or without its lowest bit: a filter that moves is there twice for a moment. No qdisc for this
 * direction (an ingress qdisc has no egress), or no device: all zero. Returns 0, or -errno with *ret untouched:
 * -ETIMEDOUT after 10 s, -EINTR when the filters kept changing.
 */
int filters_scan(int ifindex, enum hook_direction direction, uint32_t handle, struct filters *ret);

/* Which of the two the device has, whoever's. Returns 0, or -errno as above. */
int filters_get_qdisc(int ifindex, enum filters_qdisc *ret);

#endif
