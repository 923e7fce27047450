/* SPDX-License-Identifier: GPL-2.0-only */
#include "port/placed.h"
#include "base/log.h"

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

bool placed_log(struct placed *placed, const char *name, const char *why, const char *again,
		uint64_t now_ns)
{
	if (!placed_note(placed, why, now_ns))
		return false;
	if (why[0])
		log_warning("%s: %s", name, why);
	else
		log_info("%s: %s", name, again);
	return true;
}
