/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/log.h"
#include "base/program.h"
#include "host/host_commands.h"
#include "host/host_state.h"

int main(int argc, char **argv)
{
	const struct host_command *command;

	program_keep_streams();
	log_set_name(HOST_NAME);
	if (argc < 2) {
		host_commands_write_usage(stderr);
		return HOST_EXIT_USAGE;
	}
	command = host_commands_find(program_command(argv[1]));
	if (!command) {
		log_error("%s: no such command; 'vfsteer-host help' lists them",
			  *argv[1] ? argv[1] : "''");
		return HOST_EXIT_USAGE;
	}
	if (program_asks_for_help(argc, argv)) {
		char *help[] = { "help", (char *)command->name, NULL };

		return host_command_help(2, help);
	}
	host_commands_keep(argv);
	argv[1] = (char *)command->name;
	return command->function(argc - 1, argv + 1);
}
