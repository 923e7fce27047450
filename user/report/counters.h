/* SPDX-License-Identifier: GPL-2.0-only */
/* counters: the names of the counters in the pins, of pairs and of ports: their keys in JSON, and what they count in words. */
#ifndef REPORT_COUNTERS_H
#define REPORT_COUNTERS_H

#include "vfsteer.h"
#include <stdio.h>

struct counters;
struct json_object;

/* The descriptions of struct vfsteer_counters and struct vfsteer_port_counters; static. */
const struct counters *counters_of_pair(void);
const struct counters *counters_of_port(void);

/* A line for each counter that is news when it is not zero, and is not, behind @indent. @values: the struct that @counters describes. */
void counters_write_news(const struct counters *counters, const void *values, const char *indent, FILE *stream);

/* Adds all of @values to the object @to. Returns 0 or -ENOMEM. */
int counters_to_json(const struct counters *counters, const void *values, struct json_object *to);

#endif
