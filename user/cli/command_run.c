/* SPDX-License-Identifier: GPL-2.0-only */
#include "agent/agent.h"
#include "base/log.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/config.h"

#include <limits.h>

int command_run(int argc, char **argv)
{
	static struct options options;
	static char message[PATH_MAX + 512];
	int status = arguments_parse(argc, argv, OPTIONS_PAIR | OPTIONS_BPFFS | OPTIONS_CONFIG, 0,
				     0, &options);

	if (status)
		return status;
	if (options.config && config_read(options.config, &options, message, sizeof(message))) {
		log_error("run: %s", message);
		return 1;
	}
	return agent_run(&options);
}
