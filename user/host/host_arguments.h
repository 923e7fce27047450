/* SPDX-License-Identifier: GPL-2.0-only */
/* host_arguments: the options and operands of a subcommand of vfsteer-host. */
#ifndef HOST_HOST_ARGUMENTS_H
#define HOST_HOST_ARGUMENTS_H

#include <stdbool.h>

enum host_option {
	HOST_OPTION_CONFIG = 1 << 0,
	HOST_OPTION_RUN_DIR = 1 << 1,
	HOST_OPTION_JSON = 1 << 2,
	HOST_OPTION_NETNS = 1 << 3,
	HOST_OPTION_REMOVE = 1 << 4,
	HOST_OPTION_PROBE = 1 << 5,
};

#define HOST_OPERANDS_MAX 2

struct host_arguments {
	const char *config;  /* NULL: not given */
	const char *run_dir; /* has a default */
	const char *netns;   /* "-": the own */
	bool json, remove, probe;
	unsigned operand_count;
	const char *operands[HOST_OPERANDS_MAX];
};

/*
 * Parses argv[1] and what follows. @accepted: a mask of enum host_option. Returns 0, or
 * HOST_EXIT_USAGE after a line on stderr.
 */
int host_arguments_parse(int argc, char **argv, unsigned accepted, unsigned least, unsigned most,
			 struct host_arguments *ret);

/* Writes "vfsteer-host: COMMAND: ...; see 'vfsteer-host help COMMAND'". Returns HOST_EXIT_USAGE. */
__attribute__((format(printf, 2, 3))) int host_arguments_mistake(const char *command,
								 const char *format, ...);

#endif
