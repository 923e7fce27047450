/* SPDX-License-Identifier: GPL-2.0-only */
/* host_daemon: 'vfsteer-host run'. */
#ifndef HOST_HOST_DAEMON_H
#define HOST_HOST_DAEMON_H

#include "host/host_config.h"

/*
 * Runs until SIGTERM or SIGINT, then takes all entries back. SIGHUP executes @arguments (of the
 * whole command, NULL-terminated) again: the configuration is read again, entries stay. If the
 * file @config_file (NULL: the default) has a mistake then, it goes on with @config, which it takes
 * ownership of. Returns the exit status; failures are logged.
 */
int host_daemon_run(struct host_config *config, const char *config_file, const char *run_directory,
		    char **arguments);

#endif
