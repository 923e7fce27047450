/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/log.h"
#include "cli/arguments.h"
#include "cli/commands.h"

#include <stdlib.h>

int command_help(int argc, char **argv)
{
	const struct command *command;
	struct options options;
	int status = arguments_parse(argc, argv, 0, 0, 1, &options);

	if (status)
		return status;
	if (!options.operand_count) {
		commands_write_usage(stdout);
		return commands_finish_output(argv[0], EXIT_SUCCESS);
	}
	command = commands_find(options.operands[0]);
	if (!command) {
		log_error("help: %s: no such command; 'vfsteer help' lists them",
			  *options.operands[0] ? options.operands[0] : "''");
		return EXIT_USAGE;
	}
	printf("usage: vfsteer %s%s%s\n\n%s: %s\n\n%s", command->name,
	       *command->arguments ? " " : "", command->arguments, command->name, command->summary,
	       command->details);
	if (command->write_keys) {
		command->write_keys(stdout);
		fputs(command->rest, stdout);
	}
	puts("\nExit status: 0 done, 1 failed, 2 not understood.");
	return commands_finish_output(argv[0], EXIT_SUCCESS);
}
