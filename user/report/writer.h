/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * writer: one output format of a report. report_write walks over the report once and calls these,
 * in this order:
 *
 * begin, for each pair: { pair, for each port of the pair: port, pair_end }, end
 *
 * Another format is a file <format>_writer.c with a struct report_writer, and a row below. A format
 * with another grouping, for example by counter, collects what `pair` and `port` get in `state`,
 * and writes it in `end`. counters.h has the names and explanations.
 */
#ifndef REPORT_WRITER_H
#define REPORT_WRITER_H

#include "report/report.h"

struct report_output {
	FILE *stream;
	void *state; /* the writer's own */
};

/* Each returns 0 or -errno. The caller checks the stream with ferror. */
struct report_writer {
	/* @report NULL: ports only, those of all pairs (`port list`). */
	int (*begin)(struct report_output *output, const struct report *report);
	int (*pair)(struct report_output *output, const struct report_pair *pair);
	/* @pair NULL: ports only. */
	int (*port)(struct report_output *output, const struct report_pair *pair,
		    const struct report_port *port);
	int (*pair_end)(struct report_output *output, const struct report_pair *pair);
	/* Always called, with the first error, which it returns. Frees the state. */
	int (*end)(struct report_output *output, const struct report *report, int error);
};

extern const struct report_writer report_text;
extern const struct report_writer report_json;

/* Writes all of @report. Returns 0 or -errno. */
int report_write(const struct report *report, const struct report_writer *writer, FILE *stream);

/* The same for ports only. */
int report_write_ports(const struct report_ports *ports, const struct report_writer *writer,
		       FILE *stream);

#endif
