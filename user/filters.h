/* SPDX-License-Identifier: GPL-2.0-only */
/* filters: what stands on a device's clsact qdisc, ours and others'. */
#ifndef FILTERS_H
#define FILTERS_H

#include "hook.h"
#include <stdint.h>

/* Two of ours may be on one hook. */
#define FILTERS_OUR_HANDLE 0x76667374   /* "vfst": steer's */
#define FILTERS_PORTS_HANDLE 0x76667074 /* "vfpt": the ports' */

struct filters {
	unsigned foreign;       /* filters that are not ours */
	unsigned ours;          /* of either handle */
	uint16_t our_priority;  /* of the one asked for; 0: we have none */
	uint16_t first_foreign; /* lowest priority in use by others, 0: none */
	uint16_t last_foreign;  /* highest */
};

/* Reads the filters of one direction (RTM_GETTFILTER), ours being that with @handle. No clsact qdisc, or no device: all zero. Returns 0 or
 * -errno. */
int filters_scan(int ifindex, enum hook_direction direction, uint32_t handle, struct filters *ret);

/* True when the device has a clsact (or ingress) qdisc, whoever's. */
bool filters_has_qdisc(int ifindex);

#endif
