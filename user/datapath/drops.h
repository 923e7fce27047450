/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * drops: attaches the program that counts packets dropped in the CPU's backlog between a primary
 * and its standby: see bpf/drops.bpf.c.
 */
#ifndef DATAPATH_DROPS_H
#define DATAPATH_DROPS_H

#include "maps/pins.h"

/*
 * Attaches it to the tracepoint skb:kfree_skb and pins it, in place of an earlier agent's. Returns
 * 0, or -errno if the kernel has no drop reasons (before Linux 5.18), no BTF, or refuses tracing;
 * then these drops are not counted.
 */
int drops_attach(const struct pins *pins);

/* Is it attached? */
bool drops_are_counted(const struct pins *pins);

#endif
