/* SPDX-License-Identifier: GPL-2.0-only */
/* announce_filter: what the configuration keeps from being announced: announce = all|macs|off, announce_except = ADDRESS... */
#ifndef ANNOUNCE_ANNOUNCE_FILTER_H
#define ANNOUNCE_ANNOUNCE_FILTER_H

#include "policy/options.h"
#include "vfsteer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads "192.0.2.1", "2001:db8::/32" or "52:54:00:12:34:56" into all but @ret->pair. False: it is none of these. */
bool announce_rule_parse(const char *text, struct announce_rule *ret);

struct announce_address;

/* An exception by MAC keeps back every frame with that source, one by address the ARP and NA for it. */
bool announce_filter_passes(const struct announce_filter *filter, const struct announce_address *address);

/* How many of the rules are for this pair. */
size_t announce_filter_count(const struct announce_filter *filter);

#endif
