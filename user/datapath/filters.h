/* SPDX-License-Identifier: GPL-2.0-only */
/* filters: reads a device's clsact or ingress qdisc: our filters and foreign ones. */
#ifndef DATAPATH_FILTERS_H
#define DATAPATH_FILTERS_H

#include "datapath/hook.h"
#include <stdint.h>

/* Two of ours may be on one hook. The lowest bit is free: see struct filters. */
#define FILTERS_OUR_HANDLE 0x76667374	/* "vfst": steer's */
#define FILTERS_PORTS_HANDLE 0x76667074 /* "vfpt": the ports' */

/* TC_H_CLSACT equals TC_H_INGRESS: a device has at most one of them. */
enum filters_qdisc {
	FILTERS_QDISC_NONE,
	FILTERS_QDISC_CLSACT,
	/* has no egress hook; sch_ingress accepts a filter for "egress", but runs it on ingress */
	FILTERS_QDISC_INGRESS,
};

struct filters_foreign {
	char kind[16]; /* "bpf", "flower" ...; empty: there is no filter */
	char name[64]; /* of a "bpf" filter, as its owner named it; else empty */
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
	unsigned foreign; /* foreign filters */
	unsigned ours;	  /* of either handle */
	unsigned
		/*
		 * foreign filters that run before the requested one of ours, or all if we have none
		 */
		foreign_before;
	unsigned our_count; /* entries of the requested one, in `our` */
	struct filters_our our[FILTERS_OUR_MAX];
	struct filters_foreign first; /* the foreign filter that runs first */
	/* the first of those that run after ours; no kind if we have none */
	struct filters_foreign first_behind;
};

/*
 * Reads the filters of one direction (RTM_GETTFILTER), in the order in which they run. Ours have
 * @handle, with or without its lowest bit: a filter that is moved exists twice for a moment.
 * Without a qdisc for this direction (an ingress qdisc has no egress), or without the device, all
 * is zero. Returns 0, or -errno with *ret untouched: -ETIMEDOUT after 10 s, -EINTR if the filters
 * kept changing.
 */
int filters_scan(int ifindex, enum hook_direction direction, uint32_t handle, struct filters *ret);

/* Reads which of the two the device has, of any owner. Returns 0, or -errno as above. */
int filters_get_qdisc(int ifindex, enum filters_qdisc *ret);

#endif
