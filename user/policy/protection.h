/* SPDX-License-Identifier: GPL-2.0-only */
/* protection: what this kernel and guest leave a pair without, in words for `status` and the log. */
#ifndef POLICY_PROTECTION_H
#define POLICY_PROTECTION_H

#include "vfsteer.h"
#include <stdbool.h>
#include <stddef.h>

/* Why nothing is watched where kernel_runs_tracing() says no. */
#define PROTECTION_TRACING_OFF "tracing is switched off: 'sysctl kernel.ftrace_enabled=1' switches it on"

/* Which ends of a primary are known before they happen. */
struct protection_warnings {
	unsigned known; /* of enum watched_warns: see watched.h */
};

/* Notes what the kernel function @name, which is watched, warns of. A function that warns of nothing changes nothing.
 */
void protection_add(struct protection_warnings *warnings, const char *name);

/* Writes what is not warned of as "an unplug request, loss of carrier"; an empty string when all is. */
void protection_missing_warnings(const struct protection_warnings *warnings, char *text, size_t size);

/* What it means for a pair that its primary's liveness is found out by @liveness; NULL when nothing is missing. Static
 * string. */
const char *protection_missing_liveness(enum vfsteer_liveness liveness);

#endif
