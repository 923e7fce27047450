/* SPDX-License-Identifier: GPL-2.0-only */
/* host_privileges: gives up all capabilities but those that 'vfsteer-host run' needs. */
#ifndef HOST_HOST_PRIVILEGES_H
#define HOST_HOST_PRIVILEGES_H

#include <stdbool.h>

/*
 * Keeps CAP_NET_ADMIN and CAP_NET_RAW; with @enters_namespaces also CAP_SYS_ADMIN, which setns(2)
 * needs, if it is there. Returns 0 or -errno, logged.
 */
int host_privileges_drop(bool enters_namespaces);

#endif
