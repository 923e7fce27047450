/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * announce_filter: which announcements the configuration suppresses: announce = all|macs|off,
 * announce_except = ADDRESS...
 */
#ifndef ANNOUNCE_ANNOUNCE_FILTER_H
#define ANNOUNCE_ANNOUNCE_FILTER_H

#include "policy/options.h"
#include "vfsteer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reads "192.0.2.1", "2001:db8::/32" or "52:54:00:12:34:56" into all of @ret but ->pair. False: it
 * is none of these.
 */
bool announce_rule_parse(const char *text, struct announce_rule *ret);

struct announce_address;

/*
 * False if @address is suppressed. An exception by MAC suppresses every frame with that source, one
 * by address its ARP and NA.
 */
bool announce_filter_passes(const struct announce_filter *filter,
			    const struct announce_address *address);

/* Returns the number of rules for this pair. */
size_t announce_filter_count(const struct announce_filter *filter);

#endif
