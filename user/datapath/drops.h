/* SPDX-License-Identifier: GPL-2.0-only */
/* drops: the program that counts what the CPU's backlog dropped on its way from a primary to its standby: see bpf/drops.bpf.c. */
#ifndef DATAPATH_DROPS_H
#define DATAPATH_DROPS_H

#include "maps/pins.h"

/*
 * Attaches it to the tracepoint skb:kfree_skb and pins it, in the place of an earlier agent's. Returns 0, or -errno: the kernel does not
 * say why it drops (before Linux 5.18), has no BTF, or refuses tracing; then such drops are not counted.
 */
int drops_attach(const struct pins *pins);

/* Is it there? */
bool drops_are_counted(const struct pins *pins);

#endif
