/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hook_clsact: a hook's program as a filter with our handle, on a clsact qdisc, or on an ingress
 * qdisc for HOOK_INGRESS. For hook.c.
 */
#ifndef DATAPATH_HOOK_CLSACT_H
#define DATAPATH_HOOK_CLSACT_H

#include "datapath/filters.h"
#include "datapath/hook.h"

/*
 * @filters: of filters_scan, with a filter of ours. Does it run in its place, as far as foreign
 * filters allow it?
 */
bool hook_clsact_is_in_place(const struct hook *hook, const struct filters *filters);

/* As hook_attach. */
int hook_clsact_attach(const struct hook *hook, int program_fd, __u8 *clsact_is_ours);

/* As hook_detach. */
int hook_clsact_detach(const struct hook *hook, bool remove_qdisc);

#endif
