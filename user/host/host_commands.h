/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * host_commands: one function per subcommand of vfsteer-host. argv[0] is the subcommand's name;
 * each returns the exit status (0, 1 or 2).
 */
#ifndef HOST_HOST_COMMANDS_H
#define HOST_HOST_COMMANDS_H

#include <stdio.h>

#define HOST_EXIT_USAGE 2

struct host_command {
	const char *name;
	int (*function)(int argc, char **argv);
	const char *arguments;		  /* "TAP MAC" */
	const char *summary;		  /* one line */
	const char *details;		  /* paragraphs for `help COMMAND` */
	void (*write_keys)(FILE *stream); /* of the configuration, behind them; NULL: none */
};

/* The table that usage and dispatch both come from; ends with a NULL name. */
extern const struct host_command host_commands[];

/* The row called @name, or NULL. */
const struct host_command *host_commands_find(const char *name);

/* Writes every command with its arguments and summary. */
void host_commands_write_usage(FILE *stream);

/* @arguments: of the whole command, for `run` to execute itself again. */
void host_commands_keep(char **arguments);

int host_command_run(int argc, char **argv);
int host_command_status(int argc, char **argv);
int host_command_check(int argc, char **argv);
int host_command_allow(int argc, char **argv);
int host_command_metrics(int argc, char **argv);
int host_command_version(int argc, char **argv);
int host_command_help(int argc, char **argv);

/* What a command that wrote to stdout ends with: @status, or 1 after a line if that failed. */
int host_commands_finish(const char *command, int status);

#endif
