/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli/config.h"
#include "base/device_name.h"
#include "cli/config_reading.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_PAIR_PREFIX "pair "
#define CONFIG_PORT_PREFIX "port "

/* Sets a key of the present section; @of: its struct. */
static int config_set(struct config_reading *reading, void *of, const char *name, const char *value)
{
	const struct config_key *key = config_find_key(reading->kind, name);

	if (key)
		return config_read_key(reading, key, of, value);
	switch (reading->kind) {
	case CONFIG_PAIR:
		return config_mistake(reading,
				      "%s: no such setting in [pair %s]: see 'vfsteer help run'",
				      name, reading->section);
	case CONFIG_PORT:
		return config_mistake(reading,
				      "%s: no such setting in [port %s]: see 'vfsteer help port'",
				      name, reading->section);
	default:
		return config_mistake(
			reading, "%s: no such setting in [agent]: see 'vfsteer help run'", name);
	}
}

/* A second value would silently replace the first. */
static bool config_is_new(struct config_reading *reading, const char *name)
{
	const struct config_key *key = config_find_key(reading->kind, name);
	struct config_setting setting = { .kind = reading->kind };

	if (key && key->repeats)
		return true;
	memcpy(setting.section, reading->section, sizeof(setting.section));
	snprintf(setting.name, sizeof(setting.name), "%.*s", CONFIG_NAME_SIZE - 1, name);
	for (unsigned i = 0; i < reading->setting_count; i++)
		if (!memcmp(&reading->settings[i], &setting, sizeof(setting)))
			return false;
	if (reading->setting_count < CONFIG_SETTINGS_MAX)
		reading->settings[reading->setting_count++] = setting;
	return true;
}

static int config_handle(void *argument, const char *section, const char *said, const char *value)
{
	struct config_reading *reading = argument;
	struct options_pair *pair;
	struct options_port *port;
	char name[INI_MAX_LINE];

	ini_text_key(said, name, sizeof(name));
	if (!section[0])
		return config_mistake(reading,
				      "%s: before any section: begin with [agent], [pair "
				      "STANDBY] or [port IFACE]",
				      name);
	reading->section_line = 0;
	if (!config_is_new(reading, name))
		return config_mistake(reading, "%s: twice in [%s]: remove one of them", name,
				      section);
	switch (reading->kind) {
	case CONFIG_PAIR:
		pair = config_pair_of_section(reading);
		return pair && config_set(reading, pair, name, value);
	case CONFIG_PORT:
		port = config_port_of_section(reading);
		return port && config_set(reading, port, name, value) &&
		       config_check_port(reading, port);
	default:
		return config_set(reading, &reading->options.settings, name, value);
	}
}

/* A pair or port without settings would be silently omitted. */
static bool config_end_section(struct config_reading *reading)
{
	if (!reading->section_line || reading->kind == CONFIG_AGENT)
		return true;
	reading->text.line = reading->section_line;
	if (reading->kind == CONFIG_PAIR)
		config_mistake(reading,
			       "[pair %s]: nothing in it: write primary = auto, or primary = NAME",
			       reading->section);
	else
		config_mistake(reading, "[port %s]: nothing in it: write pair = STANDBY",
			       reading->section);
	return false;
}

/*
 * libinih reports sections only with their settings, and truncates long names: so they are checked
 * here.
 */
static bool config_begin_section(struct config_reading *reading, const char *line)
{
	size_t length = strcspn(line, "]"), prefix;
	const char *flaw, *rest;
	char name[256];

	if (!line[length])
		return true; /* no section: libinih reports it */
	if (!config_end_section(reading))
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)length - 1, line + 1);
	rest = line + length + 1 + strspn(line + length + 1, " \t");
	/* libinih ignores the rest of the line. */
	if (*rest && *rest != ';')
		return config_mistake(reading,
				      "[%s]: '%s' follows on the line: write it on the next one",
				      name, rest);
	memset(reading->section, 0, sizeof(reading->section));
	reading->section_line = reading->text.line;
	reading->kind = CONFIG_AGENT;
	if (!strcmp(name, "agent"))
		return true;
	if (!strncmp(name, CONFIG_PAIR_PREFIX, strlen(CONFIG_PAIR_PREFIX))) {
		reading->kind = CONFIG_PAIR;
		prefix = strlen(CONFIG_PAIR_PREFIX);
	} else if (!strncmp(name, CONFIG_PORT_PREFIX, strlen(CONFIG_PORT_PREFIX))) {
		reading->kind = CONFIG_PORT;
		prefix = strlen(CONFIG_PORT_PREFIX);
	} else {
		return config_mistake(
			reading,
			"[%s]: no such section: there are [agent], [pair STANDBY] and [port IFACE]",
			name);
	}
	/* The name of a port is an ifname: the maps have no room for more. */
	flaw = reading->kind == CONFIG_PAIR ? device_name_flaw(name + prefix)
					    : ifname_flaw(name + prefix);
	if (flaw)
		return config_mistake(reading, "[%s]: the %s name %s", name,
				      reading->kind == CONFIG_PAIR ? "standby's" : "interface's",
				      flaw);
	snprintf(reading->section, sizeof(reading->section), "%.*s", OPTIONS_NAME_SIZE - 1,
		 name + prefix);
	return true;
}

/* An ini_reader. */
static char *config_next_line(char *ret, int size, void *argument)
{
	struct config_reading *reading = argument;

	switch (ini_text_next(&reading->text, " \t\v\f\r", ret, (size_t)size)) {
	case INI_LINE:
		return ret[0] != '[' || config_begin_section(reading, ret) ? ret : NULL;
	case INI_CONTROL:
		config_mistake(reading, "has a control character: not a text file, name "
					"another file with --config");
		return NULL;
	case INI_LONG:
		config_mistake(reading, "longer than %d characters: no setting is, shorten it",
			       size - 1);
		return NULL;
	default:
		return NULL;
	}
}

int config_parse(const char *path, const char *text, size_t length, struct options *options,
		 char *message, size_t size)
{
	struct config_reading *reading = calloc(1, sizeof(*reading));
	int error, line;

	if (!reading) {
		snprintf(message, size, "%s: %s", path, strerror(ENOMEM));
		return -ENOMEM;
	}
	reading->options = *options;
	ini_text_begin(&reading->text, text, length);
	line = ini_parse_stream(config_next_line, reading, config_handle, reading);
	if (!line && !reading->text.mistake[0] && config_end_section(reading))
		config_check_ports(reading);
	error = ini_text_result(&reading->text, line, path, message, size);
	if (!error)
		*options = reading->options;
	free(reading);
	return error;
}
