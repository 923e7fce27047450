/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * config: the configuration file of `vfsteer run --config FILE`, in the INI form. Everything in it is optional:
 *
 *	[agent]				for all pairs
 *	up_delay_ms = 0			carrier must have lasted so long before a primary is used; at most 600000
 *	leaving_timeout_ms = 15000	a primary whose removal was announced is taken back after this; 1000 to 600000
 *	announce_count = 3		announcements of each switch; 1 to 100
 *	announce_interval_ms = 100	between them; 10 to 60000
 *	rx = exact			or direct, see direct.h: for all pairs
 *
 *	[pair eth0]			with any such section, only the pairs named are made
 *	primary = auto			as --pair eth0; primary = eth1 is as --pair eth0=eth1
 *	rx = direct			for this pair
 */
#ifndef CONFIG_H
#define CONFIG_H

#include "options.h"

#include <stddef.h>

/*
 * Reads @path into @options: settings, and pairs in addition to those of the command line. Returns 0; or -errno with one
 * line in @message (of @size bytes, "FILE:LINE: what: why", without the leading "vfsteer: "): -EINVAL for a mistake in
 * it, and *options is then as before.
 */
int config_read(const char *path, struct options *options, char *message, size_t size);

#endif
