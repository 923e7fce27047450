/* SPDX-License-Identifier: GPL-2.0-only */
/* hook_tcx: a hook's program by a pinned tcx link. For hook.c. Linux 6.6. */
#ifndef DATAPATH_HOOK_TCX_H
#define DATAPATH_HOOK_TCX_H

#include "datapath/hook.h"

/* True when the kernel has tcx; @program_fd: of a tc program. */
bool hook_tcx_is_known(int program_fd);

/* Does the pin exist, of any object? */
bool hook_tcx_is_pinned(const struct hook *hook);

/* Is our pinned link attached to the hook? */
bool hook_tcx_is_attached(const struct hook *hook);

/* Does ours run in its place among those on the hook? True if that cannot be read. */
bool hook_tcx_is_in_place(const struct hook *hook);

/* As hook_attach; -EINVAL: the kernel has no tcx. */
int hook_tcx_attach(const struct hook *hook, int program_fd);

/* Detaches and unpins; a missing link is success. Returns 0 or -errno. */
int hook_tcx_detach(const struct hook *hook);

/* Foreign programs, and the ids of the first. */
struct hook_tcx_others {
	bool has_ours; /* false: all count as before ours */
	unsigned before, behind;
	__u32 first_before, first_behind;
};

/* All zero without tcx, or if it cannot be read. */
struct hook_tcx_others hook_tcx_count_others(const struct hook *hook);

#endif
