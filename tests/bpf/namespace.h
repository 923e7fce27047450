/* SPDX-License-Identifier: GPL-2.0-only */
/* namespace: a program's network namespace of its own. */
#ifndef NAMESPACE_H
#define NAMESPACE_H

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* false: there is none, the reason is printed, and the program is skipped (exit status 77). */
static inline bool namespace_enter(void)
{
	if (!unshare(CLONE_NEWNET))
		return true;
	printf("a network namespace could not be made (%s): root is needed\n", strerror(errno));
	return false;
}

#endif
