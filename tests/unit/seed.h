/* SPDX-License-Identifier: GPL-2.0-only */
/* seed: of a randomized test; VFSTEER_SEED repeats the run that printed it. */
#ifndef SEED_H
#define SEED_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline void seed_random(void)
{
	const char *wished = getenv("VFSTEER_SEED");
	unsigned seed = wished ? strtoul(wished, NULL, 10) : (unsigned)time(NULL);

	printf("# VFSTEER_SEED=%u\n", seed);
	srand(seed);
}

#endif
