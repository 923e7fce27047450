/* SPDX-License-Identifier: GPL-2.0-only */
/* report_candidates: the devices that look like a pair's primary and are not it. Seen by the command itself, as the
 * agent sees them. */
#ifndef REPORT_REPORT_CANDIDATES_H
#define REPORT_REPORT_CANDIDATES_H

#include "report/report.h"

/*
 * Fills in the candidates of every pair of @report whose devices are in this process's network namespace. Returns 0 or
 * -errno from netlink; the pairs are then as they were.
 */
int report_candidates_read(const struct pins *pins, struct report *report);

/* The lines about @pair's, each with a newline. */
void report_candidates_write_text(const struct report_pair *pair, FILE *stream);

#endif
