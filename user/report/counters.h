/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * counters: the counters in the pins, of pairs and of ports: their JSON keys, and texts for those
 * that `status` lists.
 */
#ifndef REPORT_COUNTERS_H
#define REPORT_COUNTERS_H

#include "vfsteer.h"
#include <stdio.h>

struct counters;
struct json_object;

/* Descriptions of struct vfsteer_counters and struct vfsteer_port_counters; static. */
const struct counters *counters_of_pair(void);
const struct counters *counters_of_port(void);

/*
 * Writes a line, after @indent, for each non-zero counter that has a text. @values: the struct that
 * @counters describes.
 */
void counters_write_nonzero(const struct counters *counters, const void *values, const char *indent,
			    FILE *stream);

/* Adds all of @values to the object @to. Returns 0 or -ENOMEM. */
int counters_to_json(const struct counters *counters, const void *values, struct json_object *to);

#endif
