/* SPDX-License-Identifier: GPL-2.0-only */
/* watch: the fentry programs, loaded as far as the kernel has the functions and allows tracing. One set for all pairs. */
#ifndef DATAPATH_WATCH_H
#define DATAPATH_WATCH_H

#include "maps/pins.h"
#include "policy/watched.h"

struct watch_result {
	unsigned attached_count, missing_count;
	const char *attached[WATCH_FUNCTIONS_MAX]; /* kernel functions; static strings */
	const char *missing[WATCH_FUNCTIONS_MAX];
	unsigned silent_count;
	const char *silent[WATCH_FUNCTIONS_MAX]; /* attached, but they do not run: watch_test.h; not among the attached */
	int test_error;  /* -errno when there was something attached, and it could not be tried */
	unsigned test_us; /* how long it was tried */
	bool silenced; /* tracing is switched off (kernel_runs_tracing): nothing counts as attached, until watch_attach is called again */
	int refusal; /* -errno when the kernel has functions but refuses to have some or all of them traced; 0 otherwise, and when silenced */
	bool removals_held; /* a removal waits for the announcement: bpf/hold.h */
	bool polled; /* what some functions would have told is to be looked at once a second */
	bool complete; /* carrier, close and unregistration were all seen in the test: the pair's word can be believed */
};

/* Attaches every program that can be, tries them, and pins the links as links/watch-FUNCTION in place of earlier ones; those that do not
 * run as links/silent-FUNCTION. Nothing
 * attached is a result, not an error. @hold_limit_ms: how long a removal may be held, 0: not at all. Returns 0 or -errno (out of memory, no access
 * to the pins). */
int watch_attach(const struct pins *pins, unsigned hold_limit_ms, struct watch_result *ret);

#endif
