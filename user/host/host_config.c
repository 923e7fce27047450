/* SPDX-License-Identifier: GPL-2.0-only */
#include "host/host_config.h"

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "base/device_name.h"
#include "host/host_config_reading.h"

#define TAP_PREFIX "tap "

static int begin_tap(struct host_config_reading *reading, const char *name)
{
	struct host_config *config = reading->config;
	const char *flaw = ifname_flaw(name);

	if (flaw)
		return host_config_mistake(reading, "[tap %s]: the tap's name %s", name, flaw);
	for (size_t i = 0; i < config->tap_count; i++)
		if (strcmp(config->taps[i].name, name) == 0 && !config->taps[i].netns[0])
			return host_config_mistake(reading,
						   "[tap %s]: stands twice: put all of it "
						   "into one section, or name a netns in the first",
						   name);
	if (room_for_one(config->taps, config->tap_count, &config->tap_size))
		return host_config_mistake(reading, "[tap %s]: %s", name, strerror(ENOMEM));
	reading->tap = &config->taps[config->tap_count++];
	*reading->tap = (struct host_config_tap){ .line = reading->text.line };
	snprintf(reading->tap->name, sizeof(reading->tap->name), "%.*s", IF_NAMESIZE - 1, name);
	return 1;
}

/* libinih reports sections only with their settings, and truncates long names. */
static int begin_section(struct host_config_reading *reading, const char *line)
{
	size_t length = strcspn(line, "]");
	const char *rest;
	char name[HOST_CONFIG_LINE_SIZE];

	if (!line[length])
		return 1; /* no section: libinih says so */
	snprintf(name, sizeof(name), "%.*s", (int)length - 1, line + 1);
	rest = line + length + 1 + strspn(line + length + 1, " \t");
	if (*rest && *rest != ';' && *rest != '#')
		return host_config_mistake(
			reading, "[%s]: '%s' follows on the line: write it on the next one", name,
			rest);
	reading->tap = NULL;
	reading->seen = 0;
	if (strcmp(name, "host") == 0)
		return 1;
	if (strncmp(name, TAP_PREFIX, strlen(TAP_PREFIX)) == 0)
		return begin_tap(reading, name + strlen(TAP_PREFIX));
	return host_config_mistake(reading,
				   "[%s]: no such section: there are [host] and [tap NAME]", name);
}

/* An ini_reader. */
static char *next_line(char *ret, int size, void *argument)
{
	struct host_config_reading *reading = argument;
	int most = size < HOST_CONFIG_LINE_SIZE ? size : HOST_CONFIG_LINE_SIZE;

	switch (ini_text_next(&reading->text, " \t\r", ret, (size_t)most)) {
	case INI_LINE:
		return ret[0] != '[' || begin_section(reading, ret) ? ret : NULL;
	case INI_CONTROL:
		host_config_mistake(reading, "holds a control character: this is no text, "
					     "name another file with --config");
		return NULL;
	case INI_LONG:
		host_config_mistake(reading, "longer than %d characters: shorten it", most - 1);
		return NULL;
	default:
		return NULL;
	}
}

static int handle(void *argument, const char *section, const char *said, const char *value)
{
	struct host_config_reading *reading = argument;
	char name[HOST_CONFIG_LINE_SIZE];

	ini_text_key(said, name, sizeof(name));
	if (!section[0])
		return host_config_mistake(
			reading, "%s: stands before any section: begin with [host] or [tap NAME]",
			name);
	return host_config_set(reading, name, value);
}

int host_config_parse(const char *path, const char *text, size_t length, struct host_config *config,
		      char *message, size_t size)
{
	struct host_config_reading *reading = calloc(1, sizeof(*reading));
	int line, error;

	if (!reading) {
		snprintf(message, size, "%s: %s", path, strerror(ENOMEM));
		return -ENOMEM;
	}
	reading->config = config;
	ini_text_begin(&reading->text, text, length);
	line = ini_parse_stream(next_line, reading, handle, reading);
	if (!line && !reading->text.mistake[0])
		host_config_check(reading);
	error = ini_text_result(&reading->text, line, path, message, size);
	free(reading);
	return error;
}
