/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli/arguments.h"
#include "cli/commands.h"

#include <stdlib.h>

int command_version(int argc, char **argv)
{
	struct options options;
	int status = arguments_parse(argc, argv, 0, 0, 0, &options);

	if (status)
		return status;
	puts("vfsteer " VFSTEER_VERSION);
	return commands_finish_output(argv[0], EXIT_SUCCESS);
}
