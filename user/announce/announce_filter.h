/* SPDX-License-Identifier: GPL-2.0-only */
/* announce_filter: what the configuration keeps from being announced: announce = all|macs|off, announce_except = ADDRESS... */
#ifndef ANNOUNCE_ANNOUNCE_FILTER_H
#define ANNOUNCE_ANNOUNCE_FILTER_H

#include "vfsteer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ANNOUNCE_PAIR_SIZE 128 /* OPTIONS_NAME_SIZE */

/* One exception. */
struct announce_rule {
	char pair[ANNOUNCE_PAIR_SIZE]; /* its standby, as the configuration names it; empty: for all pairs */
	int family;                    /* AF_INET, AF_INET6, or AF_UNSPEC: a MAC */
	uint8_t prefix_length;         /* in bits; of a MAC 48 */
	uint8_t bytes[16];             /* as on the wire */
};

/* Zero-initialised it lets everything pass. The rules are somebody else's, and live longer. */
struct announce_filter {
	enum vfsteer_announce what;
	const struct announce_rule *rules;
	size_t count;
	const char *pair; /* NULL: only the rules for all pairs count */
};

/* Reads "192.0.2.1", "2001:db8::/32" or "52:54:00:12:34:56" into all but @ret->pair. False: it is none of these. */
bool announce_rule_parse(const char *text, struct announce_rule *ret);

struct announce_address;

/* An exception by MAC keeps back every frame with that source, one by address the ARP and NA for it. */
bool announce_filter_passes(const struct announce_filter *filter, const struct announce_address *address);

/* How many of the rules are for this pair. */
size_t announce_filter_count(const struct announce_filter *filter);

#endif
