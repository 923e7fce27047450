/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hints: settings of the guest or of the hypervisor with which the standby cannot carry the pair's
 * traffic. vfsteer does not change them.
 */
#ifndef REPORT_HINTS_H
#define REPORT_HINTS_H

#include "vfsteer.h"
#include <stdbool.h>
#include <stddef.h>

#define HINTS_MAX 2
#define HINTS_TEXT_SIZE 320

struct hints_view {
	enum vfsteer_kind kind; /* the master of net_failover has carrier while either slave has */
	const char *standby;
	bool has_carrier;
	/*
	 * ignore_routes_with_linkdown, of the standby or (IPv4) of all devices: the kernel ignores
	 * routes of a device without carrier.
	 */
	bool ipv4_ignores_linkdown, ipv6_ignores_linkdown;
};

struct hint {
	bool is_now; /* true now; else: true as soon as the standby has no carrier */
	char what[HINTS_TEXT_SIZE];
	char remedy[HINTS_TEXT_SIZE];
};

/* Finds the hints. Pure. Writes up to HINTS_MAX; returns how many. */
size_t hints_check(const struct hints_view *view, struct hint hints[HINTS_MAX]);

/* Reads the settings of a standby in this network namespace. What cannot be read is not set. */
struct hints_view hints_read(enum vfsteer_kind kind, const char *standby, bool has_carrier);

/* Logs each hint for the pair in @slot, as a warning. */
void hints_log(const struct vfsteer_pair *slot, bool has_carrier);

#endif
