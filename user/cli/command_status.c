/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/log.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/find_pair.h"
#include "maps/pins.h"
#include "report/writer.h"

#include <stdlib.h>
#include <string.h>

static void complain_unknown_pair(const struct pins *pins, const char *name)
{
	char names[VFSTEER_MAX_PAIRS * (VFSTEER_NAME_SIZE + 2)];
	size_t length = 0;

	for (unsigned i = 0; i < VFSTEER_MAX_PAIRS; i++) {
		const char *owner = pins->pairs[i].owner;

		if (*owner && length + VFSTEER_NAME_SIZE + 2 < sizeof(names))
			length += (size_t)snprintf(names + length, sizeof(names) - length, "%s%.*s",
						   length ? ", " : "", VFSTEER_NAME_SIZE, owner);
	}
	if (length)
		log_error("status: %s: no such pair; the pairs are %s", name, names);
	else
		log_error("status: %s: no such pair; there are none", name);
}

int command_status(int argc, char **argv)
{
	char message[2 * PINS_PATH_SIZE];
	static struct options options;
	struct report report;
	struct pins pins;
	int slot = -1, error;
	int status = arguments_parse(argc, argv, OPTIONS_BPFFS | OPTIONS_JSON, 0, 1, &options);

	if (!status && options.operand_count)
		status = arguments_check_name(argv[0], options.operands[0]);
	if (status)
		return status;
	if (pins_open(options.bpffs, false, &pins, message, sizeof(message)) != PINS_OK) {
		log_error("status: %s", message);
		return EXIT_FAILURE;
	}
	status = EXIT_FAILURE;
	if (options.operand_count) {
		slot = names_find_pair(&pins, options.operands[0]);
		if (slot < 0) {
			complain_unknown_pair(&pins, options.operands[0]);
			goto out;
		}
	}
	error = report_read(&pins, slot, pins_agent_runs(options.bpffs), &report);
	if (error) {
		fprintf(stderr,
			"vfsteer: status: %s/counters: %s; 'vfsteer unload' and 'vfsteer run' "
			"recreate it\n",
			pins.directory, strerror(-error));
		goto out;
	}
	error = report_write(&report, options.json ? &report_json : &report_text, stdout);
	report_free(&report);
	if (error) {
		fprintf(stderr, "vfsteer: status: writing the report: %s; free some memory\n",
			strerror(-error));
		goto out;
	}
	status = commands_finish_output(argv[0], EXIT_SUCCESS);
out:
	pins_close(&pins);
	return status;
}
