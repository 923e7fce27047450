/* SPDX-License-Identifier: GPL-2.0-only */
/* The pair of a section, and its key primary. */
#include "cli/config_reading.h"

#include <stdio.h>
#include <string.h>

struct options_pair *config_pair_of_section(struct config_reading *reading)
{
	struct options *options = &reading->options;
	const char *flaw;

	for (unsigned i = 0; i < options->pair_count; i++)
		if (!strcmp(options->pairs[i].standby, reading->section))
			return &options->pairs[i];
	flaw = arguments_add_pair(options, reading->section);
	if (!flaw)
		return &options->pairs[options->pair_count - 1];
	config_mistake(reading, "[pair %s]: %s", reading->section, flaw);
	return NULL;
}

int config_set_primary(struct config_reading *reading, void *of, const char *value)
{
	struct options *options = &reading->options;
	struct options_pair *pair = of, said = *pair;
	const char *flaw;
	char text[2 * OPTIONS_NAME_SIZE + 2];

	if (!strcmp(value, "auto"))
		return 1;
	if (pair->primary[0])
		return config_mistake(reading,
				      "[pair %s] primary = %s: it has the primary %s already",
				      pair->standby, value, pair->primary);
	/* Added again as a whole, for the checks of --pair STANDBY=PRIMARY. */
	*pair = options->pairs[--options->pair_count];
	/* One character more than allowed, so that a name that is too long is reported. */
	snprintf(text, sizeof(text), "%.*s=%.*s", OPTIONS_NAME_SIZE, said.standby,
		 OPTIONS_NAME_SIZE, value);
	flaw = arguments_add_pair(options, text);
	if (flaw)
		return config_mistake(reading, "[pair %s] primary = %s: %s", said.standby, value,
				      flaw);
	/* The other settings stay. */
	pair = &options->pairs[options->pair_count - 1];
	memcpy(said.primary, pair->primary, sizeof(said.primary));
	*pair = said;
	return 1;
}
