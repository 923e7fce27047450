/* SPDX-License-Identifier: GPL-2.0-only */
/* options: what the command line says, checked for form only; whether devices exist is for the agent to find. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "../include/vfsteer.h"
#include <net/if.h>
#include <stdbool.h>

#define OPTIONS_DEFAULT_BPFFS "/sys/fs/bpf"

struct options_pair {
	char standby[IF_NAMESIZE];
	char primary[IF_NAMESIZE]; /* empty: found by permanent MAC */
};

struct options {
	const char *bpffs; /* points into argv */
	unsigned pair_count;
	struct options_pair pairs[VFSTEER_MAX_PAIRS];
	bool json;
	const char *operands[2]; /* what remains, in order; NULL where there is none */
	unsigned operand_count;
};

/* Which options a subcommand takes. */
enum options_accepted {
	OPTIONS_PAIR = 1 << 0,  /* --pair STANDBY[=PRIMARY], repeatable */
	OPTIONS_BPFFS = 1 << 1, /* --bpffs DIR */
	OPTIONS_JSON = 1 << 2,  /* --json */
};

/*
 * Parses argv[1..] of a subcommand (argv[0] is its name). Prints one line to stderr on a mistake, in the form
 * `vfsteer: what: why` with what to do. Returns 0, or 2 (the exit status for usage). Outputs untouched on failure.
 * Mistakes: unknown option, missing value, empty or too long interface name (also with '/' or white space), standby equal to
 * primary, a standby or a primary named twice, more than VFSTEER_MAX_PAIRS pairs, more operands than @max_operands or fewer than @min_operands.
 */
int options_parse(int argc, char **argv, unsigned accepted, unsigned min_operands, unsigned max_operands, struct options *ret);

#endif
