/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/log.h"
#include "base/program.h"
#include "cli/commands.h"

#include <bpf/libbpf.h>

int main(int argc, char **argv)
{
	const struct command *command;

	program_keep_streams();
	libbpf_set_print(NULL); /* the commands report errors themselves, in one line */
	if (argc < 2) {
		commands_write_usage(stderr);
		return EXIT_USAGE;
	}
	command = commands_find(program_command(argv[1]));
	if (!command) {
		log_error("%s: no such command; 'vfsteer help' lists them",
			  *argv[1] ? argv[1] : "''");
		return EXIT_USAGE;
	}
	if (program_asks_for_help(argc, argv)) {
		char *help[] = { "help", (char *)command->name, NULL };

		return command_help(2, help);
	}
	argv[1] = (char *)command->name;
	return command->function(argc - 1, argv + 1);
}
