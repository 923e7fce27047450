/* SPDX-License-Identifier: GPL-2.0-only */
#include "commands.h"

#include <bpf/libbpf.h>
#include <string.h>

static const char *without_dashes(const char *name)
{
	if (!strcmp(name, "--help") || !strcmp(name, "-h"))
		return "help";
	return strcmp(name, "--version") ? name : "version";
}

int main(int argc, char **argv)
{
	const struct command *command;

	libbpf_set_print(NULL); /* what concerns the user is said by the commands, in one line */
	if (argc < 2) {
		commands_write_usage(stderr);
		return EXIT_USAGE;
	}
	command = commands_find(without_dashes(argv[1]));
	if (!command) {
		fprintf(stderr, "vfsteer: %s: no such command; 'vfsteer help' lists them\n", argv[1]);
		return EXIT_USAGE;
	}
	/* "vfsteer COMMAND --help" is "vfsteer help COMMAND". */
	if (argc == 3 && (!strcmp(argv[2], "--help") || !strcmp(argv[2], "-h"))) {
		char *help[] = { "help", (char *)command->name, NULL };

		return command_help(2, help);
	}
	argv[1] = (char *)command->name;
	return command->function(argc - 1, argv + 1);
}
