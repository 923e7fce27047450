/* SPDX-License-Identifier: GPL-2.0-only */
#include "placed.h"

#include <stdio.h>
#include <string.h>

#define PLACED_SETTLED_NS 1500000000ULL

bool placed_note(struct placed *placed, const char *why, uint64_t now_ns)
{
	if (why[0] || !placed->why[0])
		placed->since_ns = 0;
	else if (!placed->since_ns)
		placed->since_ns = now_ns;
	if (placed->since_ns && now_ns - placed->since_ns < PLACED_SETTLED_NS)
		return false;
	if (!strcmp(why, placed->why))
		return false;
	snprintf(placed->why, sizeof(placed->why), "%s", why);
	return true;
}
