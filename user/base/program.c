/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/program.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static bool is_help(const char *argument)
{
	return !strcmp(argument, "--help") || !strcmp(argument, "-h");
}

void program_keep_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) < 0)
			_exit(1);
}

const char *program_command(const char *name)
{
	if (is_help(name))
		return "help";
	return strcmp(name, "--version") ? name : "version";
}

bool program_asks_for_help(int argc, char **argv)
{
	for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (is_help(argv[i]))
			return true;
	return false;
}
