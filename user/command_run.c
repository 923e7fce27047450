/* SPDX-License-Identifier: GPL-2.0-only */
#include "agent.h"
#include "commands.h"
#include "options.h"

#include <bpf/libbpf.h>

int command_run(int argc, char **argv)
{
	static struct options options;
	int status = options_parse(argc, argv, OPTIONS_PAIR | OPTIONS_BPFFS, 0, 0, &options);

	if (status)
		return status;
	return agent_run(&options);
}
