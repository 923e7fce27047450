/* SPDX-License-Identifier: GPL-2.0-only */
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "host/host_commands.h"
#include "host/host_state.h"

/* If the caller closed a standard stream, the next open would get its descriptor. */
static void keep_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) < 0)
			_exit(1);
}

static const char *without_dashes(const char *name)
{
	if (!strcmp(name, "--help") || !strcmp(name, "-h"))
		return "help";
	return strcmp(name, "--version") ? name : "version";
}

/* "vfsteer-host COMMAND ... --help" is "vfsteer-host help COMMAND"; "--" ends the options. */
static bool asks_for_help(int argc, char **argv)
{
	for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	const struct host_command *command;

	keep_streams();
	log_set_name(HOST_NAME);
	if (argc < 2) {
		host_commands_write_usage(stderr);
		return HOST_EXIT_USAGE;
	}
	command = host_commands_find(without_dashes(argv[1]));
	if (!command) {
		log_error("%s: no such command; 'vfsteer-host help' lists them",
			  *argv[1] ? argv[1] : "''");
		return HOST_EXIT_USAGE;
	}
	if (asks_for_help(argc, argv)) {
		char *help[] = { "help", (char *)command->name, NULL };

		return host_command_help(2, help);
	}
	host_commands_keep(argv);
	argv[1] = (char *)command->name;
	return command->function(argc - 1, argv + 1);
}
