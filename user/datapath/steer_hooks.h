/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * steer_hooks: the places of the pair's programs, for steer.c and steer_hooks.c; others use
 * steer.h.
 */
#ifndef DATAPATH_STEER_HOOKS_H
#define DATAPATH_STEER_HOOKS_H

#include "datapath/hook.h"
#include "maps/pins.h"

/*
 * The place on the standby's egress: last, or with @before_others second, after the ports' program.
 */
struct hook steer_hook_egress(const struct pins *pins, int ifindex, bool before_others);

/* The places on the standby's and on the primary's ingress: first. */
struct hook steer_hook_ingress(const struct pins *pins, int ifindex);
struct hook steer_hook_primary(const struct pins *pins, int ifindex);

#endif
