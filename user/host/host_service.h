/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * host_service: how commands reach 'vfsteer-host run': a packet each way over a socket in the
 * directory that only root may enter.
 */
#ifndef HOST_HOST_SERVICE_H
#define HOST_HOST_SERVICE_H

#include "host/host_state.h"

#define HOST_SERVICE_REQUEST_SIZE 512

/*
 * Opens DIRECTORY/control and answers from the event loop: "status", "status json", "metrics",
 * "allow PLACE NAME MAC", "forbid PLACE NAME MAC" (PLACE "-": the own namespace). Returns 0 or
 * -errno.
 */
int host_service_open(struct host *host);
void host_service_close(struct host *host);

/*
 * The command's end. Returns 0: *ret_status is 0 or 1 and *ret_text (the caller frees it) the
 * answer, or one line of error; or -errno: -ECONNREFUSED or -ENOENT if no process runs.
 */
int host_service_ask(const char *run_directory, const char *request, int *ret_status,
		     char **ret_text);

#endif
