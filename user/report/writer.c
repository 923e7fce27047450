/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/writer.h"

#include <string.h>

static int write_pair(struct report_output *output, const struct report *report,
		      const struct report_writer *writer, const struct report_pair *pair)
{
	int error = writer->pair(output, pair);

	for (unsigned i = 0; !error && report->ports && i < report->ports->count; i++)
		if (!strcmp(report->ports->ports[i].pair, pair->owner))
			error = writer->port(output, pair, &report->ports->ports[i]);
	return error ?: writer->pair_end(output, pair);
}

int report_write(const struct report *report, const struct report_writer *writer, FILE *stream)
{
	struct report_output output = { .stream = stream };
	int error = writer->begin(&output, report);

	for (unsigned i = 0; !error && i < report->pair_count; i++)
		error = write_pair(&output, report, writer, &report->pairs[i]);
	return writer->end(&output, report, error);
}

int report_write_ports(const struct report_ports *ports, const struct report_writer *writer,
		       FILE *stream)
{
	struct report_output output = { .stream = stream };
	int error = writer->begin(&output, NULL);

	for (unsigned i = 0; !error && i < ports->count; i++)
		error = writer->port(&output, NULL, &ports->ports[i]);
	return writer->end(&output, NULL, error);
}
