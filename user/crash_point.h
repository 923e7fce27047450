/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * crash_point: places where a test build (make CRASHPOINTS=1) dies by SIGKILL, each just after something outside the
 * process has changed, or just before. In every other build they are nothing.
 *
 * Environment of the test build: VFSTEER_CRASH_AT="NAME" or "NAME:N" dies at the Nth passage of the point (1 when not
 * given); VFSTEER_CRASH_TRACE=1 writes "crash point NAME:N" to stderr at each passage. A name belongs to one source
 * file; names are lower-case words joined by "-".
 */
#ifndef CRASH_POINT_H
#define CRASH_POINT_H

#ifdef VFSTEER_CRASHPOINTS

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void crash_point_pass(const char *name, unsigned passage)
{
	const char *wanted = getenv("VFSTEER_CRASH_AT");
	size_t length = strlen(name);

	if (getenv("VFSTEER_CRASH_TRACE"))
		fprintf(stderr, "crash point %s:%u\n", name, passage);
	if (wanted && !strncmp(wanted, name, length) && (wanted[length] == ':' || !wanted[length]) &&
	    passage == (wanted[length] ? strtoul(wanted + length + 1, NULL, 10) : 1))
		raise(SIGKILL);
}

#define crash_point(name)                                                                                              \
	do {                                                                                                           \
		static unsigned crash_point_passages;                                                                  \
		crash_point_pass(name, __atomic_add_fetch(&crash_point_passages, 1, __ATOMIC_RELAXED));                \
	} while (0)

#else

#define crash_point(name)                                                                                              \
	do {                                                                                                           \
	} while (0)

#endif

#endif
