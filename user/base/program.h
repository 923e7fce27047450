/* SPDX-License-Identifier: GPL-2.0-only */
/* program: what the command lines of vfsteer and vfsteer-host have in common. */
#ifndef BASE_PROGRAM_H
#define BASE_PROGRAM_H

#include <stdbool.h>

/*
 * Opens /dev/null for each standard stream that the caller closed: the next open would get its
 * descriptor, and messages would go to a map or a socket. Ends the process if that fails.
 */
void program_keep_streams(void);

/* The command that argv[1] names: "help" for --help and -h, "version" for --version. */
const char *program_command(const char *name);

/* "PROGRAM COMMAND ... --help" is "PROGRAM help COMMAND"; "--" ends the options. */
bool program_asks_for_help(int argc, char **argv);

#endif
