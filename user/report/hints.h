/* SPDX-License-Identifier: GPL-2.0-only */
/* hints: settings of the guest or of the hypervisor that let the standby fail its pair. None of them is ours to change. */
#ifndef REPORT_HINTS_H
#define REPORT_HINTS_H

#include "vfsteer.h"
#include <stdbool.h>
#include <stddef.h>

#define HINTS_MAX 2
#define HINTS_TEXT_SIZE 320

struct hints_view {
	enum vfsteer_kind kind; /* net_failover's master has carrier while either slave has */
	const char *standby;
	bool has_carrier;
	/* ignore_routes_with_linkdown, of the standby or (IPv4) of all devices: the routes of a device without carrier do not count. */
	bool ipv4_ignores_linkdown, ipv6_ignores_linkdown;
};

struct hint {
	bool is_now; /* it is so now; else: it will be when the standby has no carrier */
	char what[HINTS_TEXT_SIZE];
	char remedy[HINTS_TEXT_SIZE];
};

/* What there is to say. Pure. Writes up to HINTS_MAX hints; returns how many. */
size_t hints_check(const struct hints_view *view, struct hint hints[HINTS_MAX]);

/* Reads the settings of a standby in this network namespace. What cannot be read is not set. */
struct hints_view hints_read(enum vfsteer_kind kind, const char *standby, bool has_carrier);

/* Writes each of the pair in @slot into the log, as a warning. */
void hints_log(const struct vfsteer_pair *slot, bool has_carrier);

#endif
