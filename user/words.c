/* SPDX-License-Identifier: GPL-2.0-only */
#include "words.h"

#include <stddef.h>

/* Enumerators come from a map that another build may have written: a value past the table is no error. */
#define WORD(table, value)                                                                                             \
	((size_t)(value) < sizeof(table) / sizeof((table)[0]) && (table)[value] ? (table)[value] : "unknown")

static const char *const paths[] = {
	[PATH_STANDBY] = "standby",
	[PATH_PRIMARY] = "primary",
};

static const char *const primary_states[] = {
	[PRIMARY_ABSENT] = "absent",   [PRIMARY_JOINING] = "joining", [PRIMARY_READY] = "ready",
	[PRIMARY_LEAVING] = "leaving", [PRIMARY_DOWN] = "down",
};

static const char *const admins[] = {
	[ADMIN_AUTO] = "auto",
	[ADMIN_PRIMARY] = "primary",
	[ADMIN_STANDBY] = "standby",
};

static const char *const livenesses[] = {
	[LIVENESS_WORD] = "kept by the watch programs",
	[LIVENESS_KFUNC] = "checked for each packet",
	[LIVENESS_PROBE] = "checked for each packet, by probe reads",
	[LIVENESS_NETLINK] = "kept by the agent alone, from netlink",
};

static const char *const causes[] = {
	[CAUSE_NONE] = "none",
	[CAUSE_START] = "agent started",
	[CAUSE_PRIMARY_READY] = "primary ready",
	[CAUSE_UNPLUG_REQUEST] = "unplug announced",
	[CAUSE_UNPLUG] = "unplugged",
	[CAUSE_UNBIND] = "driver unbound",
	[CAUSE_UNREGISTER] = "netdev unregistered",
	[CAUSE_SET_DOWN] = "set down",
	[CAUSE_CARRIER_LOST] = "carrier lost",
	[CAUSE_DETACHED] = "detached by its driver",
	[CAUSE_CANNOT_SEND] = "cannot send",
	[CAUSE_GONE] = "gone",
	[CAUSE_MISALIGNED] = "no longer matches the standby",
	[CAUSE_OPERATOR] = "operator",
	[CAUSE_UNLOAD] = "unload",
};

const char *words_path(enum vfsteer_path path)
{
	return WORD(paths, path);
}

const char *words_primary_state(enum vfsteer_primary_state state)
{
	return WORD(primary_states, state);
}

const char *words_admin(enum vfsteer_admin admin)
{
	return WORD(admins, admin);
}

const char *words_cause(enum vfsteer_cause cause)
{
	return WORD(causes, cause);
}

const char *words_liveness(enum vfsteer_liveness liveness)
{
	return WORD(livenesses, liveness);
}
