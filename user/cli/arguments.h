/* SPDX-License-Identifier: GPL-2.0-only */
/* arguments: parses a subcommand's command line into options. */
#ifndef CLI_ARGUMENTS_H
#define CLI_ARGUMENTS_H

#include "policy/options.h"

/* The options that a subcommand accepts. */
enum options_accepted {
	OPTIONS_PAIR = 1 << 0,  /* --pair STANDBY[=PRIMARY], repeatable */
	OPTIONS_BPFFS = 1 << 1, /* --bpffs DIR */
	OPTIONS_JSON = 1 << 2,  /* --json */
	OPTIONS_CONFIG = 1 << 3, /* --config FILE */
	OPTIONS_DRAIN = 1 << 5,  /* --timeout S, --for S */
	OPTIONS_PORT = 1 << 4,   /* --pair STANDBY, --mac MAC, --passthrough, --no-xdp */
};

/*
 * Prints one line to stderr about a mistake in a call of @command, and where to read more.
 * Arguments in it are masked, so that it stays one line and cannot control a terminal. Returns the
 * exit status, 2, for the caller to pass on.
 */
__attribute__((format(printf, 2, 3))) int arguments_mistake(const char *command, const char *format,
							    ...);

/* The same for a PAIR given to @command: returns 0, or 2 after one line on stderr. */
int arguments_check_name(const char *command, const char *name);

/*
 * Adds the pair of @value ("STANDBY" or "STANDBY=PRIMARY"). Returns NULL; or what is wrong with it,
 * a text that is valid until the next call, with @options as before. The mistakes are those of
 * --pair, below.
 */
const char *arguments_add_pair(struct options *options, const char *value);

/*
 * Parses argv[1..] of a subcommand (argv[0] is its name). Returns 0; or 2, the exit status for
 * usage, after one line on stderr: `vfsteer: what: why` with what to do. *ret is untouched on
 * failure. Mistakes: unknown option; missing value; an empty or too long interface name, or one
 * with '/' or white space; standby equal to primary; a device named twice; more than
 * VFSTEER_MAX_PAIRS pairs; more operands than @max_operands or fewer than @min_operands.
 */
int arguments_parse(int argc, char **argv, unsigned accepted, unsigned min_operands,
		    unsigned max_operands, struct options *ret);

#endif
