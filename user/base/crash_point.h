/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * crash_point: places where a test build (make CRASHPOINTS=1) kills itself with SIGKILL, just
 * before or after a change outside the process. Other builds have none.
 *
 * Environment of the test build: VFSTEER_CRASH_AT="NAME" or "NAME:N": kill at the Nth passage of
 * the point (default 1). VFSTEER_CRASH_TRACE=1: write "crash point NAME:N" to stderr at each
 * passage. VFSTEER_CRASH_ARMED=FILE: count no passage until FILE exists. A name belongs to one
 * source file; names are lower-case words joined by "-".
 */
#ifndef BASE_CRASH_POINT_H
#define BASE_CRASH_POINT_H

#ifdef VFSTEER_CRASHPOINTS

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static inline void crash_point_pass(const char *name, unsigned *passages)
{
	const char *wanted = getenv("VFSTEER_CRASH_AT"), *armed = getenv("VFSTEER_CRASH_ARMED");
	size_t length = strlen(name);
	unsigned passage;

	if (armed && access(armed, F_OK))
		return;
	passage = __atomic_add_fetch(passages, 1, __ATOMIC_RELAXED);
	if (getenv("VFSTEER_CRASH_TRACE"))
		fprintf(stderr, "crash point %s:%u\n", name, passage);
	if (wanted && !strncmp(wanted, name, length) &&
	    (wanted[length] == ':' || !wanted[length]) &&
	    passage == (wanted[length] ? strtoul(wanted + length + 1, NULL, 10) : 1))
		raise(SIGKILL);
}

#define crash_point(name)                                      \
	do {                                                   \
		static unsigned crash_point_passages;          \
		crash_point_pass(name, &crash_point_passages); \
	} while (0)

#else

#define crash_point(name)                                                                          \
	do {                                                                                       \
	} while (0)

#endif

#endif
