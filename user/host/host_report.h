/* SPDX-License-Identifier: GPL-2.0-only */
/* host_report: what 'vfsteer-host status' and 'metrics' print. */
#ifndef HOST_HOST_REPORT_H
#define HOST_HOST_REPORT_H

#include <stdio.h>

#include "host/host_state.h"

void host_report_text(const struct host *host, FILE *stream);
/* docs/reference/host.md describes the object; keys are only ever added. Returns 0 or -ENOMEM. */
int host_report_json(const struct host *host, FILE *stream);
/* Prometheus' text format. */
void host_report_metrics(const struct host *host, FILE *stream);

/* Seconds since @then_ns, of CLOCK_BOOTTIME. */
double host_report_age_s(uint64_t then_ns);

/*
 * What became of the MAC on the PF: "shared", "there before", "not possible: ERROR" in @text.
 * Returns @text.
 */
const char *host_report_entry(const struct host_entry *entry, char *text, size_t size);

#endif
