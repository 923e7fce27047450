/* SPDX-License-Identifier: GPL-2.0-only */
#include "config.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_PAIR_PREFIX "pair "

struct config_reading {
	struct options options;
	char mistake[256]; /* the first one: libinih goes on reading after it */
};

static const struct config_number {
	const char *name;
	size_t offset; /* of an unsigned in struct options_settings */
	unsigned long least, most;
} config_numbers[] = {
	{ "up_delay_ms", offsetof(struct options_settings, up_delay_ms), 0, 600000 },
	{ "leaving_timeout_ms", offsetof(struct options_settings, leaving_timeout_ms), 1000, 600000 },
	{ "announce_count", offsetof(struct options_settings, announce_count), 1, 100 },
	{ "announce_interval_ms", offsetof(struct options_settings, announce_interval_ms), 10, 60000 },
};
#define CONFIG_NUMBERS (sizeof(config_numbers) / sizeof(*config_numbers))

/* What a handler of libinih returns on a mistake. */
__attribute__((format(printf, 2, 3))) static int config_mistake(struct config_reading *reading, const char *format, ...)
{
	va_list arguments;

	if (!reading->mistake[0]) {
		va_start(arguments, format);
		vsnprintf(reading->mistake, sizeof(reading->mistake), format, arguments);
		va_end(arguments);
	}
	return 0;
}

static int config_set_number(struct config_reading *reading, const struct config_number *number, const char *value)
{
	char *settings = (char *)&reading->options.settings, *end;
	unsigned long parsed;

	errno = 0;
	parsed = strtoul(value, &end, 10);
	if (errno || end == value || *end || value[0] == '-' || parsed < number->least || parsed > number->most)
		return config_mistake(reading, "%s = %s: not a number from %lu to %lu", number->name, value, number->least,
				      number->most);
	*(unsigned *)(settings + number->offset) = parsed;
	return 1;
}

static int config_set_rx(struct config_reading *reading, bool *rx_direct, const char *value)
{
	*rx_direct = !strcmp(value, "direct");
	return *rx_direct || !strcmp(value, "exact") ? 1 : config_mistake(reading, "rx = %s: say exact or direct", value);
}

static int config_agent(struct config_reading *reading, const char *name, const char *value)
{
	for (size_t i = 0; i < CONFIG_NUMBERS; i++)
		if (!strcmp(name, config_numbers[i].name))
			return config_set_number(reading, &config_numbers[i], value);
	if (!strcmp(name, "rx"))
		return config_set_rx(reading, &reading->options.settings.rx_direct, value);
	return config_mistake(reading, "%s: no such setting in [agent]: see 'vfsteer help run'", name);
}

static struct options_pair *config_find_pair(struct options *options, const char *standby)
{
	for (unsigned i = 0; i < options->pair_count; i++)
		if (!strcmp(options->pairs[i].standby, standby))
			return &options->pairs[i];
	return NULL;
}

static int config_pair(struct config_reading *reading, const char *standby, const char *name, const char *value)
{
	struct options_pair *pair = config_find_pair(&reading->options, standby);
	const char *flaw;
	bool rx_direct;
	char text[64];

	if (!pair) {
		flaw = options_add_pair(&reading->options, standby);
		if (flaw)
			return config_mistake(reading, "[pair %s]: %s", standby, flaw);
		pair = config_find_pair(&reading->options, standby);
	}
	if (!strcmp(name, "rx"))
		return config_set_rx(reading, &pair->rx_direct, value);
	if (strcmp(name, "primary"))
		return config_mistake(reading, "%s: no such setting in [pair %s]: see 'vfsteer help run'", name, standby);
	if (!strcmp(value, "auto"))
		return 1;
	if (pair->primary[0])
		return config_mistake(reading, "[pair %s] primary = %s: it has the primary %s already", standby, value,
				      pair->primary);
	/* Again and whole, for the checks that --pair STANDBY=PRIMARY makes. */
	rx_direct = pair->rx_direct;
	*pair = reading->options.pairs[--reading->options.pair_count];
	snprintf(text, sizeof(text), "%.20s=%.20s", standby, value);
	flaw = options_add_pair(&reading->options, text);
	if (flaw)
		return config_mistake(reading, "[pair %s] primary = %s: %s", standby, value, flaw);
	config_find_pair(&reading->options, standby)->rx_direct = rx_direct;
	return 1;
}

static int config_handle(void *argument, const char *section, const char *name, const char *value)
{
	struct config_reading *reading = argument;

	if (!strcmp(section, "agent"))
		return config_agent(reading, name, value);
	if (!strncmp(section, CONFIG_PAIR_PREFIX, strlen(CONFIG_PAIR_PREFIX)))
		return config_pair(reading, section + strlen(CONFIG_PAIR_PREFIX), name, value);
	if (!section[0])
		return config_mistake(reading, "%s: stands before any section: begin with [agent] or [pair STANDBY]", name);
	return config_mistake(reading, "[%s]: no such section: there are [agent] and [pair STANDBY]", section);
}

/* libinih does not tell of a section without settings: that would be a pair asked for and silently not made. */
static int config_find_empty_pair(FILE *file, struct options *options, char standby[IF_NAMESIZE])
{
	char line[256];

	rewind(file);
	for (int number = 1; fgets(line, sizeof(line), file); number++)
		if (sscanf(line, " [" CONFIG_PAIR_PREFIX "%15[^]]]", standby) == 1 &&
		    !config_find_pair(options, standby))
			return number;
	return 0;
}

int config_read(const char *path, struct options *options, char *message, size_t size)
{
	struct config_reading *reading = calloc(1, sizeof(*reading));
	FILE *file = fopen(path, "re");
	char standby[IF_NAMESIZE];
	int error = 0, line;

	if (!reading || !file) {
		error = file ? -ENOMEM : -errno;
		snprintf(message, size, "%s: %s: name a readable file with --config", path, strerror(-error));
		goto out;
	}
	reading->options = *options;
	line = ini_parse_file(file, config_handle, reading);
	if (line) {
		error = line == -2 ? -ENOMEM : -EINVAL;
		snprintf(message, size, "%s:%d: %s", path, line,
			 reading->mistake[0] ? reading->mistake : "neither a [section] nor NAME = VALUE");
		goto out;
	}
	line = config_find_empty_pair(file, &reading->options, standby);
	if (line) {
		error = -EINVAL;
		snprintf(message, size, "%s:%d: [pair %s]: nothing in it: say primary = auto, or primary = NAME", path, line,
			 standby);
		goto out;
	}
	*options = reading->options;
out:
	if (file)
		fclose(file);
	free(reading);
	return error;
}
