/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/names.h"

#include <stddef.h>

/*
 * The values come from a map that another build may have written: one beyond the table is no error.
 */
#define WORD(table, value)                                                                         \
	((size_t)(value) < sizeof(table) / sizeof((table)[0]) && (table)[value] ? (table)[value]   \
										: "unknown")

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

static const char *const announces[] = {
	[ANNOUNCE_ALL] = "all",
	[ANNOUNCE_MACS] = "macs",
	[ANNOUNCE_OFF] = "off",
};

static const char *const kinds[] = {
	[KIND_PLAIN] = "plain",
	[KIND_NET_FAILOVER] = "net_failover",
};

static const char *const livenesses[] = {
	[LIVENESS_WORD] = "kept by the watch programs",
	[LIVENESS_KFUNC] = "checked for each packet",
	[LIVENESS_PROBE] = "checked for each packet, by probe reads",
	[LIVENESS_NETLINK] = "kept by the agent alone, from netlink",
};

#define NAME(enumerator, words, explanation) [enumerator] = words,
#define EXPLANATION(enumerator, words, explanation) [enumerator] = explanation,

static const char *const causes[] = { VFSTEER_CAUSES(NAME) };
static const char *const cause_explanations[] = { VFSTEER_CAUSES(EXPLANATION) };

const char *words_path(enum vfsteer_path path)
{
	return WORD(paths, path);
}

const char *words_announce(enum vfsteer_announce announce)
{
	return WORD(announces, announce);
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

const char *words_cause_explained(enum vfsteer_cause cause)
{
	return WORD(cause_explanations, cause);
}

static const char *const down_reasons[] = { VFSTEER_DOWN_REASONS(NAME) };
static const char *const down_reason_explanations[] = { VFSTEER_DOWN_REASONS(EXPLANATION) };

const char *words_down_reason(enum vfsteer_down_reason reason)
{
	return WORD(down_reasons, reason);
}

const char *words_down_reason_explained(enum vfsteer_down_reason reason)
{
	return WORD(down_reason_explanations, reason);
}

static const char *const reaches[] = {
	[REACH_UNKNOWN] = "unanswered",
	[REACH_CHECKING] = "checking",
	[REACH_ANSWERED] = "answered",
	[REACH_DEAD] = "dead",
	[REACH_OFF] = "off",
};

const char *words_reach(enum vfsteer_reach reach)
{
	return WORD(reaches, reach);
}

static const char *const xdp_mirrors[] = {
	[XDP_MIRROR_NONE] = "none",
	[XDP_MIRROR_NATIVE] = "native",
	[XDP_MIRROR_GENERIC] = "generic",
	[XDP_MIRROR_STANDBY] = "generic on the standby",
	[XDP_MIRROR_IGNORED] = "ignored",
	[XDP_MIRROR_UNBROKERED] = "no broker",
	[XDP_MIRROR_OCCUPIED] = "another program on the primary",
	[XDP_MIRROR_REFUSED] = "refused",
	[XDP_MIRROR_SOCKETS] = "for AF_XDP sockets",
};

const char *words_xdp_mirror(enum vfsteer_xdp_mirror mirror)
{
	return WORD(xdp_mirrors, mirror);
}

static const char *const drains[] = {
	[DRAIN_NONE] = "none",
	[DRAIN_WAITING] = "waiting",
	[DRAIN_DONE] = "drained",
};

const char *words_drain(enum vfsteer_drain drain)
{
	return WORD(drains, drain);
}

const char *words_kind(enum vfsteer_kind kind)
{
	return WORD(kinds, kind);
}

const char *words_liveness(enum vfsteer_liveness liveness)
{
	return WORD(livenesses, liveness);
}

static const char *const port_drivers[] = {
	[PORT_DRIVER_NONE] = "none",
	[PORT_DRIVER_TC] = "tc",
	[PORT_DRIVER_NATIVE] = "native",
};

const char *words_port_driver(enum vfsteer_port_driver driver)
{
	return WORD(port_drivers, driver);
}

static const char *const port_obstacles[] = {
	[OBSTACLE_NONE] = "nothing",
	[OBSTACLE_UNWANTED] = "XDP is not requested for it",
	[OBSTACLE_DRIVER] = "the driver has no XDP",
	[OBSTACLE_FOREIGN] = "another XDP program is attached, which is left alone",
	[OBSTACLE_REFUSED] = "the driver refuses XDP as the device is set up",
	[OBSTACLE_PEER] =
		"its other end takes no XDP frames: turn GRO on there (ethtool -K NAME gro on)",
	[OBSTACLE_KERNEL] = "XDP for ports needs Linux 6.3 and kfuncs",
	[OBSTACLE_CHECKSUM] = "a tap leaves checksums to be computed later, which XDP cannot",
	[OBSTACLE_USELESS] = "no port uses XDP",
};

const char *words_port_obstacle(enum vfsteer_port_obstacle obstacle)
{
	return WORD(port_obstacles, obstacle);
}

static const char *const port_waits[] = {
	[WAIT_NOTHING] = "nothing",
	[WAIT_INTERFACE] = "there is no such interface",
	[WAIT_PAIR] = "there is no such pair",
	[WAIT_TAKEN] =
		"its MAC or the passthrough role is taken by another port: see the agent's log",
	[WAIT_UNFIT] = "the interface cannot be a port as it is: see the agent's log",
	[WAIT_PROGRAMS] = "its programs could not be loaded and attached: see the agent's log",
	[WAIT_PRIMARY] = "it is the primary of a pair: name another interface",
};

const char *words_port_wait(enum vfsteer_port_wait wait)
{
	return WORD(port_waits, wait);
}
