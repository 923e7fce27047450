/* SPDX-License-Identifier: GPL-2.0-only */
/* placed: what was told of a program that is not first where it has to be, so that each change of it is a line. */
#ifndef PORT_PLACED_H
#define PORT_PLACED_H

#include <stdbool.h>
#include <stdint.h>

#define PLACED_WHY_SIZE 320

/* Zero: nothing told, all is in its place. */
struct placed {
	char why[PLACED_WHY_SIZE]; /* it is not, as told; empty: it is */
	uint64_t since_ns;	   /* since when it is again, though `why` is still told; 0: it is not */
};

/*
 * Notes why it is not in its place at @now_ns (CLOCK_BOOTTIME); empty: it is. True when that is news: placed->why is @why then. Whoever fights for
 * the place leaves it for moments: that it is there again is news after 1.5 seconds.
 */
bool placed_note(struct placed *placed, const char *why, uint64_t now_ns);

/* The same, with a line about @name if it is news: @why, or @again. */
bool placed_tell(struct placed *placed, const char *name, const char *why, const char *again, uint64_t now_ns);

#endif
