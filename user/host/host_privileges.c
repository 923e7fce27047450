/* SPDX-License-Identifier: GPL-2.0-only */
#include "host/host_privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/log.h"

static const struct privilege {
	unsigned capability;
	const char *name, *lost;
} needed[] = {
	{ CAP_NET_ADMIN, "CAP_NET_ADMIN", "no MAC can be shared with a PF" },
	{ CAP_NET_RAW, "CAP_NET_RAW", "no signal of a guest can be received" },
};
#define NEEDED_COUNT (sizeof(needed) / sizeof(*needed))

#define SETS (CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET)

int host_privileges_drop(bool enters_namespaces)
{
	capng_select_t sets;
	bool keeps_admin;
	int error;

	if (capng_get_caps_process()) {
		log_error("run: capabilities: they could not be read: mount /proc");
		return -EIO;
	}
	for (unsigned i = 0; i < NEEDED_COUNT; i++) {
		if (capng_have_capability(CAPNG_EFFECTIVE, needed[i].capability))
			continue;
		log_error("run: no privilege %s: %s: run as root, or with CAP_NET_ADMIN and "
			  "CAP_NET_RAW",
			  needed[i].name, needed[i].lost);
		return -EPERM;
	}
	keeps_admin = enters_namespaces && capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_ADMIN);
	sets = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP)
		       ? CAPNG_SELECT_ALL
		       : CAPNG_SELECT_CAPS | CAPNG_SELECT_AMBIENT;
	capng_clear(CAPNG_SELECT_ALL);
	for (unsigned i = 0; i < NEEDED_COUNT; i++)
		capng_update(CAPNG_ADD, SETS, needed[i].capability);
	if (keeps_admin)
		capng_update(CAPNG_ADD, SETS, CAP_SYS_ADMIN);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || capng_apply(sets)) {
		error = errno ? -errno : -EPERM;
		log_error("run: capabilities: %s: they could not be given up", strerror(-error));
		return error;
	}
	return 0;
}
