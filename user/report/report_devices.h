/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * report_devices: the part of the read model that needs the device table: rejected devices and
 * bypasses. The command reads them itself, like the agent.
 */
#ifndef REPORT_REPORT_DEVICES_H
#define REPORT_REPORT_DEVICES_H

#include "report/report.h"

/*
 * Fills in the candidates and bypasses of every pair of @report whose devices are in the network
 * namespace of this process. Returns 0; or -errno from netlink, with the pairs unchanged.
 */
int report_devices_read(const struct pins *pins, struct report *report);

#endif
