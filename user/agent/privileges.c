/* SPDX-License-Identifier: GPL-2.0-only */
#include "agent/privileges.h"
#include "base/log.h"

#include <cap-ng.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define PRIVILEGES_NICE (-20)
#define PRIVILEGES_RT_PRIORITY 1 /* of the announcer's threads */

static const struct privilege {
	unsigned capability;
	const char *name, *lost;
	bool in_sys_admin; /* CAP_SYS_ADMIN includes it */
} privileges[] = {
	{ CAP_BPF, "CAP_BPF", "no program or map can be loaded", true },
	{ CAP_NET_ADMIN, "CAP_NET_ADMIN", "no program can be attached, and no device prepared",
	  false },
	{ CAP_NET_RAW, "CAP_NET_RAW", "no switchover can be announced to the network", false },
	{ CAP_PERFMON, "CAP_PERFMON",
	  "no program can read the kernel's devices or watch its functions", true },
};
#define PRIVILEGES_COUNT (sizeof(privileges) / sizeof(*privileges))

static bool privileges_have(unsigned capability)
{
	return capng_have_capability(CAPNG_EFFECTIVE, capability);
}

/*
 * Chooses the capabilities to keep: the four, or CAP_SYS_ADMIN instead of those that it includes.
 * Returns 0 or -EPERM, logged.
 */
static int privileges_choose(unsigned kept[PRIVILEGES_COUNT])
{
	for (unsigned i = 0; i < PRIVILEGES_COUNT; i++) {
		const struct privilege *privilege = &privileges[i];

		kept[i] = privilege->capability;
		if (privileges_have(privilege->capability))
			continue;
		if (!privilege->in_sys_admin || !privileges_have(CAP_SYS_ADMIN)) {
			log_error("run: no privilege %s: %s: run as root, or with CAP_BPF, "
				  "CAP_NET_ADMIN, CAP_NET_RAW "
				  "and CAP_PERFMON",
				  privilege->name, privilege->lost);
			return -EPERM;
		}
		log_info("no %s (Linux 5.8): CAP_SYS_ADMIN is kept instead", privilege->name);
		kept[i] = CAP_SYS_ADMIN;
	}
	return 0;
}

/* Only raises a limit: a higher one was set on purpose. */
static void privileges_raise_limit(__rlimit_resource_t resource, rlim_t wanted)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) ||
	    (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < wanted))
		setrlimit(resource, &(struct rlimit){wanted, wanted});
}

static void privileges_be_prompt(void)
{
	if (setpriority(PRIO_PROCESS, 0, PRIVILEGES_NICE))
		log_info("no high priority (%s): announcements may be late in a busy guest",
			 strerror(errno));
	privileges_raise_limit(RLIMIT_RTPRIO, PRIVILEGES_RT_PRIORITY);
	/* before Linux 5.11, maps count as locked memory */
	privileges_raise_limit(RLIMIT_MEMLOCK, RLIM_INFINITY);
}

int privileges_drop(void)
{
	unsigned kept[PRIVILEGES_COUNT];
	capng_select_t sets;
	int error;

	if (capng_get_caps_process()) {
		log_error("run: capabilities: they could not be read: mount /proc");
		return -EIO;
	}
	error = privileges_choose(kept);
	if (error)
		return error;
	privileges_be_prompt();
	/* The bounding set matters for executed programs, which no_new_privs restricts as well. */
	sets = privileges_have(CAP_SETPCAP) ? CAPNG_SELECT_ALL
					    : CAPNG_SELECT_CAPS | CAPNG_SELECT_AMBIENT;
	capng_clear(CAPNG_SELECT_ALL);
	for (unsigned i = 0; i < PRIVILEGES_COUNT; i++)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
			     kept[i]);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || capng_apply(sets)) {
		error = errno ? -errno : -EPERM;
		log_error("run: capabilities: %s: they could not be given up", strerror(-error));
	}
	return error;
}
