/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * report_devices: the part of the read model that needs the device table: rejected devices and
 * bypasses. Seen by the command itself, as the agent sees them.
 */
#ifndef REPORT_REPORT_DEVICES_H
#define REPORT_REPORT_DEVICES_H

#include "report/report.h"

/*
 * Fills in the candidates and bypasses of every pair of @report whose devices are in this process's
 * network namespace. Returns 0 or -errno from netlink; the pairs are then as they were.
 */
int report_devices_read(const struct pins *pins, struct report *report);

#endif
