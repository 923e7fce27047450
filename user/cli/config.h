/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * config: the configuration file of `vfsteer run --config FILE`, in the INI form. Everything in it is optional. Its sections are [agent] for all
 * pairs, [pair STANDBY] for one, and [port IFACE] for an interface whose other end is to sit on a pair's network; with any [pair ...], only the
 * pairs named are made. The keys are in config_keys.c.
 *
 * Lines may be indented, end in CR LF and hold a comment after ';' or, as the first character, '#'; the file may begin
 * with a byte order mark. A setting stands once; a section may be continued later. A
 * name may be written with '-' for '_'.
 */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include "policy/options.h"

#include <stddef.h>

#define CONFIG_FILE_SIZE (256 * 1024) /* at most; the most pairs there can be take a tenth of it */

/*
 * Reads @path into @options: settings, and pairs in addition to those of the command line. Returns 0; or -errno with one
 * line in @message (of @size bytes, "FILE:LINE: what: why", without the leading "vfsteer: "): -EINVAL for a mistake in
 * it, -EFBIG when it is larger than CONFIG_FILE_SIZE; *options is then as before.
 */
int config_read(const char *path, struct options *options, char *message, size_t size);

/* The same for @length bytes of @text, which need not end with a newline or NUL; @path only appears in @message. */
int config_parse(const char *path, const char *text, size_t length, struct options *options, char *message, size_t size);

#endif
