/* SPDX-License-Identifier: GPL-2.0-only */
/* placed: whether a program is first on its hook, so that each change of that is one log line. */
#ifndef PORT_PLACED_H
#define PORT_PLACED_H

#include <stdbool.h>
#include <stdint.h>

#define PLACED_WHY_SIZE 320

/* Zero: nothing was logged, the program is in its place. */
struct placed {
	char why[PLACED_WHY_SIZE]; /* the reason that was logged; empty: it is in its place */
	/* in its place again since then, with `why` not yet cleared; 0: it is not */
	uint64_t since_ns;
};

/*
 * Notes @why the program is not in its place at @now_ns (CLOCK_BOOTTIME); empty: it is. Returns
 * true if that is a change to log; placed->why is then @why. Another program that competes for the
 * place leaves it briefly, so a return to the place is a change only after 1.5 seconds.
 */
bool placed_note(struct placed *placed, const char *why, uint64_t now_ns);

/* The same, and logs a change as a line about @name: @why, or @again. */
bool placed_log(struct placed *placed, const char *name, const char *why, const char *again,
		uint64_t now_ns);

#endif
