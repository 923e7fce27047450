/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * config: the configuration file of `vfsteer run --config FILE`, in INI form. Everything in it is
 * optional. Sections: [agent] for all pairs, [pair STANDBY] for one, [port IFACE] for an interface
 * whose other end is on the network of a pair. With any [pair ...], only the named pairs are made.
 * config_keys.c has the keys.
 *
 * Lines may be indented, may end in CR LF, and may have a comment after ';' or, as the first
 * character, '#'. The file may start with a byte order mark. A key is unique in its section; a
 * section may be continued later. '-' in a key is read as '_'.
 */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include "policy/options.h"

#include <stddef.h>

#define CONFIG_FILE_SIZE (256 * 1024) /* the largest possible number of pairs needs a tenth of it */

/*
 * Reads @path into @options: settings, and pairs in addition to those of the command line. Returns
 * 0; or -errno with one line in @message (of @size bytes, "FILE:LINE: what: why", without the
 * leading "vfsteer: "): -EINVAL: a mistake in it; -EFBIG: larger than CONFIG_FILE_SIZE. *options is
 * then unchanged.
 */
int config_read(const char *path, struct options *options, char *message, size_t size);

/*
 * The same for @length bytes of @text, which need not end with a newline or NUL. @path is only for
 * @message.
 */
int config_parse(const char *path, const char *text, size_t length, struct options *options,
		 char *message, size_t size);

#endif
