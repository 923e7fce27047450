/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * config: the configuration file of `vfsteer run --config FILE`, in the INI form. Everything in it is optional:
 *
 *	[agent]				for all pairs
 *	up_delay_ms = 0			carrier must have lasted so long before a primary is used; at most 600000
 *	leaving_timeout_ms = 15000	a primary whose removal was announced is taken back after this; 1000 to 600000
 *	announce_count = 3		announcements of each switch; 1 to 100
 *	announce_interval_ms = 100	between them; 10 to 60000
 *	announce = all			or macs: no addresses, or off: nothing; for all pairs
 *	announce_except = 192.0.2.80	addresses, prefixes and MACs that are not announced (announce_filter.h), for all pairs; several in a
 *					line, and in several lines
 *	announce_again = 150		or off: a pair that sent nothing for so many seconds announces its MACs again; 10 to 86400
 *	rx = exact			or direct, see direct.h: for all pairs
 *	qdisc = mirror			or keep, see pair_qdisc.h: for all pairs
 *	xdp = mirror			or ignore, what becomes of an XDP program on the standby (xdp_mirror.h): for all pairs
 *
 *	[pair eth0]			with any such section, only the pairs named are made
 *	primary = auto			as --pair eth0; primary = eth1 is as --pair eth0=eth1
 *	rx = direct			for this pair
 *	qdisc = keep			for this pair
 *	xdp = ignore			for this pair
 *	announce = macs			for this pair
 *	announce_except = 2001:db8::/64	for this pair, beside those for all
 *
 *	[port veth0]			an interface whose other end is to sit on a pair's network
 *	pair = eth0			that pair's standby; the only one of these that has to be there
 *	mac = 52:54:00:12:34:56		of what lives behind it; else that of a veth's other end
 *	passthrough = no		or yes: it owns the pair's MAC, and takes all that comes for it
 *	xdp = auto			or no: by tc only
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
