/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * watch: the fentry programs, as far as the kernel has the functions and allows tracing. One set
 * for all pairs.
 */
#ifndef DATAPATH_WATCH_H
#define DATAPATH_WATCH_H

#include "maps/pins.h"
#include "policy/watched.h"

struct watch_result {
	unsigned attached_count, missing_count;
	const char *attached[WATCH_FUNCTIONS_MAX]; /* kernel functions; static strings */
	const char *missing[WATCH_FUNCTIONS_MAX];
	unsigned silent_count;
	/* attached, but they do not run: watch_test.h; not among the attached */
	const char *silent[WATCH_FUNCTIONS_MAX];
	int test_error;  /* -errno if programs were attached and could not be tested */
	unsigned test_us; /* duration of the test */
	/*
	 * tracing is switched off (kernel_runs_tracing): nothing counts as attached until the next
	 * watch_attach
	 */
	bool silenced;
	/*
	 * -errno if the kernel refuses to trace some functions that it has; else 0, also if
	 * silenced
	 */
	int refusal;
	bool removals_held; /* a removal waits for the announcement: bpf/hold.h */
	bool polled; /* the agent polls once a second for what some functions do not report */
	/* the test saw carrier, close and unregistration: the state word can be trusted */
	bool complete;
};

/*
 * Attaches every program that the kernel accepts, tests them, and pins the links as
 * links/watch-FUNCTION in place of earlier ones; those that do not run as links/silent-FUNCTION.
 * Nothing attached is a result, not an error. @hold_limit_ms: how long a removal may be held; 0:
 * not at all. Returns 0 or -errno (no memory, no access to the pins).
 */
int watch_attach(const struct pins *pins, unsigned hold_limit_ms, struct watch_result *ret);

#endif
