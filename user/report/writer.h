/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * writer: one way to write a report. report_write walks over the report once and calls these, in
 * this order:
 *
 *	begin, for each pair: { pair, for each port of the pair: port, pair_end }, end
 *
 * Another format is a file <format>_writer.c with a struct report_writer, and a row below.
 * A format whose output is grouped in another way, by counter for example, collects in `state` what
 * `pair` and `port` give it, and writes it in `end`; counters.h has the names and explanations.
 */
#ifndef REPORT_WRITER_H
#define REPORT_WRITER_H

#include "report/report.h"

struct report_output {
	FILE *stream;
	void *state; /* the writer's own */
};

/* Each returns 0 or -errno. The stream's own errors are the caller's to find: ferror. */
struct report_writer {
	/* @report NULL: there are ports alone, those of all pairs (`port list`). */
	int (*begin)(struct report_output *output, const struct report *report);
	int (*pair)(struct report_output *output, const struct report_pair *pair);
	/* @pair NULL: among ports alone. */
	int (*port)(struct report_output *output, const struct report_pair *pair,
		    const struct report_port *port);
	int (*pair_end)(struct report_output *output, const struct report_pair *pair);
	/* Called in any case, with the first error, which it returns. Frees the state. */
	int (*end)(struct report_output *output, const struct report *report, int error);
};

extern const struct report_writer report_text;
extern const struct report_writer report_json;

/* Writes all of @report. Returns 0 or -errno. */
int report_write(const struct report *report, const struct report_writer *writer, FILE *stream);

/* The ports alone. */
int report_write_ports(const struct report_ports *ports, const struct report_writer *writer,
		       FILE *stream);

#endif
