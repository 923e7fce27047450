/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * commands: one function per subcommand. argv[0] is the subcommand's name; each returns the exit
 * status (0, 1 or 2).
 */
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
	const char *details;   /* the text of `help COMMAND` */
	/* writes the configuration keys after details; NULL: none */
	void (*write_keys)(FILE *stream);
	const char *rest;
};

/* The table of usage and dispatch; ends with a NULL name. */
extern const struct command commands[];

/* Returns the row of @name, or NULL. */
const struct command *commands_find(const char *name);

/* Writes every command with its arguments and summary. */
void commands_write_usage(FILE *stream);

/*
 * The last call of a command that wrote to stdout: returns @status; or 1, after one line on stderr,
 * if the output could not be written.
 */
int commands_finish_output(const char *command, int status);

#endif
