/* SPDX-License-Identifier: GPL-2.0-only */
/* protection: what a pair lacks on this kernel and guest, as words for `status` and the log. */
#ifndef POLICY_PROTECTION_H
#define POLICY_PROTECTION_H

#include "vfsteer.h"
#include <stdbool.h>
#include <stddef.h>

/* Why nothing is watched if kernel_runs_tracing() is false. */
#define PROTECTION_TRACING_OFF                                                                     \
	"tracing is switched off: 'sysctl kernel.ftrace_enabled=1' switches it on"

/* The ends of a primary that are known before they happen. */
struct protection_warnings {
	unsigned known; /* of enum watched_warns: see watched.h */
};

/* Adds the warnings of the watched kernel function @name. Not every function has some. */
void protection_add(struct protection_warnings *warnings, const char *name);

/*
 * Writes the missing warnings as "an unplug request, loss of carrier"; an empty string if none is
 * missing.
 */
void protection_missing_warnings(const struct protection_warnings *warnings, char *text,
				 size_t size);

/* Returns what a pair lacks with @liveness; NULL: nothing. A static string. */
const char *protection_missing_liveness(enum vfsteer_liveness liveness);

#endif
