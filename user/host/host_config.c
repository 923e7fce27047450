/* SPDX-License-Identifier: GPL-2.0-only */
#include "host/host_config.h"

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "base/device_name.h"
#include "host/host_config_reading.h"

#define TAP_PREFIX "tap "
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

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
	*reading->tap = (struct host_config_tap){ .line = reading->line };
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

static bool is_blank(char character)
{
	return character == ' ' || character == '\t' || character == '\r';
}

static bool is_control(char character)
{
	return ((unsigned char)character < 0x20 && character != '\t') || character == 0x7f;
}

/* An ini_reader. Without indentation, which libinih takes for more of the value before. */
static char *next_line(char *ret, int size, void *argument)
{
	struct host_config_reading *reading = argument;
	const char *text = reading->next;
	size_t length = (size_t)(reading->end - text);
	const char *newline = memchr(text, '\n', length);

	if (text == reading->end || reading->mistake[0])
		return NULL;
	reading->line++;
	length = newline ? (size_t)(newline - text) : length;
	reading->next = text + length + (newline != NULL);
	for (; length && is_blank(*text); length--)
		text++;
	while (length && is_blank(text[length - 1]))
		length--;
	for (size_t i = 0; i < length; i++) {
		if (is_control(text[i])) {
			host_config_mistake(reading, "holds a control character: this is no text, "
						     "name another file with --config");
			return NULL;
		}
	}
	if (length >= (size_t)size || length >= HOST_CONFIG_LINE_SIZE) {
		host_config_mistake(reading, "longer than %d characters: shorten it",
				    (size < HOST_CONFIG_LINE_SIZE ? size : HOST_CONFIG_LINE_SIZE) -
					    1);
		return NULL;
	}
	memcpy(ret, text, length);
	ret[length] = '\0';
	return ret[0] != '[' || begin_section(reading, ret) ? ret : NULL;
}

static int handle(void *argument, const char *section, const char *said, const char *value)
{
	struct host_config_reading *reading = argument;
	char name[HOST_CONFIG_LINE_SIZE];

	/* A name may be written with '-' for '_'. */
	snprintf(name, sizeof(name), "%s", said);
	for (char *at = name; (at = strchr(at, '-'));)
		*at = '_';
	if (!section[0])
		return host_config_mistake(
			reading, "%s: stands before any section: begin with [host] or [tap NAME]",
			name);
	return host_config_set(reading, name, value);
}

int host_config_parse(const char *path, const char *text, size_t length, struct host_config *config,
		      char *message, size_t size)
{
	size_t mark = strlen(BYTE_ORDER_MARK);
	struct host_config_reading *reading = calloc(1, sizeof(*reading));
	int line, error = -EINVAL;

	if (!reading) {
		snprintf(message, size, "%s: %s", path, strerror(ENOMEM));
		return -ENOMEM;
	}
	reading->config = config;
	reading->end = text + length;
	reading->next = length >= mark && !memcmp(text, BYTE_ORDER_MARK, mark) ? text + mark : text;
	line = ini_parse_stream(next_line, reading, handle, reading);
	if (!line && !reading->mistake[0])
		host_config_check(reading);
	if (line > 0 && (!reading->mistake_line || line < reading->mistake_line))
		snprintf(message, size, "%s:%d: neither a [section] nor NAME = VALUE", path, line);
	else if (reading->mistake[0])
		snprintf(message, size, "%s:%d: %s", path, reading->mistake_line, reading->mistake);
	else if (line < 0)
		snprintf(message, size, "%s: %s", path, strerror(ENOMEM));
	else
		error = 0;
	free(reading);
	return error;
}
