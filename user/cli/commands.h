/* SPDX-License-Identifier: GPL-2.0-only */
/* commands: one function per subcommand. argv[0] is the subcommand's name; each returns the exit status (0, 1 or 2). */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include <stdio.h>

#define EXIT_USAGE 2

int command_run(int argc, char **argv);
int command_port(int argc, char **argv);
int command_status(int argc, char **argv);
int command_drain(int argc, char **argv);
int command_switch(int argc, char **argv);
int command_unload(int argc, char **argv);
int command_xdp_broker(int argc, char **argv);
int command_version(int argc, char **argv);
int command_help(int argc, char **argv);

struct command {
	const char *name;
	int (*function)(int argc, char **argv);
	const char *arguments; /* "PAIR primary|standby|auto" */
	const char *summary;   /* one line */
	const char *details;   /* paragraphs for `help COMMAND` */
	void (*write_keys)(FILE *stream); /* the keys of the configuration that follow them, NULL: none; and the paragraphs behind those */
	const char *rest;
};

/* The table that usage and dispatch both come from; ends with a NULL name. */
extern const struct command commands[];

/* The row called @name, or NULL. */
const struct command *commands_find(const char *name);

/* Every command with its arguments and summary. */
void commands_write_usage(FILE *stream);

/* What a command that wrote to stdout ends with: @status, or 1 after one line to stderr when the output was lost. */
int commands_finish_output(const char *command, int status);

#endif
