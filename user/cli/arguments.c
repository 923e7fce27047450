/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli/arguments.h"

#include "base/device_name.h"
#include "base/mac.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/config_keys.h"
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int arguments_mistake(const char *command, const char *format, ...)
{
	char message[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	text_mask(message);
	fprintf(stderr, "vfsteer: %s: %s; see 'vfsteer help %s'\n", command, message, command);
	return EXIT_USAGE;
}

int arguments_check_name(const char *command, const char *name)
{
	const char *flaw = device_name_flaw(name);

	return flaw ? arguments_mistake(command, "PAIR '%s': the standby's name %s", name, flaw)
		    : 0;
}

const char *arguments_add_pair(struct options *options, const char *value)
{
	static char text[OPTIONS_NAME_SIZE + 64];
	size_t standby_length = strcspn(value, "=");
	const char *primary = value[standby_length] ? value + standby_length + 1 : NULL;
	struct options_pair pair = { 0 };
	const char *flaw = device_name_flaw_in(value, standby_length);

	if (flaw) {
		snprintf(text, sizeof(text), "the standby's name %s", flaw);
		return text;
	}
	memcpy(pair.standby, value, standby_length);
	if (primary) {
		flaw = device_name_flaw(primary);
		if (flaw) {
			snprintf(text, sizeof(text), "the primary's name %s", flaw);
			return text;
		}
		memcpy(pair.primary, primary, strlen(primary));
		if (!strcmp(pair.standby, pair.primary))
			return "standby and primary are the same device; name two";
	}
	for (unsigned i = 0; i < options->pair_count; i++) {
		const struct options_pair *other = &options->pairs[i];
		const char *twice = NULL;

		if (!strcmp(pair.standby, other->standby) || !strcmp(pair.standby, other->primary))
			twice = pair.standby;
		else if (primary && (!strcmp(pair.primary, other->primary) ||
				     !strcmp(pair.primary, other->standby)))
			twice = pair.primary;
		if (twice) {
			snprintf(text, sizeof(text),
				 "%s is in an earlier pair already; name each device once", twice);
			return text;
		}
	}
	if (options->pair_count == VFSTEER_MAX_PAIRS) {
		snprintf(text, sizeof(text), "there are %d pairs already, and no more are possible",
			 VFSTEER_MAX_PAIRS);
		return text;
	}
	options->pairs[options->pair_count++] = pair;
	return NULL;
}

static int parse_pair(const char *command, const char *value, struct options *options)
{
	const char *flaw = arguments_add_pair(options, value);

	return flaw ? arguments_mistake(command, "--pair %s: %s", value, flaw) : 0;
}

/*
 * If argv[*index] is @name, takes its value from "NAME=VALUE" or from the next argument, and
 * advances *index. Returns 1 and sets *ret_value; 0: another option; -1: no value.
 */
static int option_value(int argc, char **argv, int *index, const char *name, const char **ret_value)
{
	size_t length = strlen(name);
	const char *argument = argv[*index];

	if (strncmp(argument, name, length) || (argument[length] && argument[length] != '='))
		return 0;
	if (argument[length] == '=') {
		*ret_value = argument + length + 1;
		return 1;
	}
	if (*index + 1 >= argc)
		return -1;
	*ret_value = argv[++*index];
	return 1;
}

/* Options of `port`. Returns -1 for another option, else as parse_option. */
static int parse_port_option(int argc, char **argv, int *index, struct options *options)
{
	const char *command = argv[0], *argument = argv[*index], *value, *flaw;
	int found = option_value(argc, argv, index, "--pair", &value);

	if (found < 0)
		return arguments_mistake(command, "--pair: no value; name the pair's standby");
	if (found) {
		flaw = device_name_flaw(value);
		if (flaw)
			return arguments_mistake(command, "--pair %s: the standby's name %s", value,
						 flaw);
		snprintf(options->port.pair, sizeof(options->port.pair), "%s", value);
		return 0;
	}
	found = option_value(argc, argv, index, "--mac", &value);
	if (found < 0)
		return arguments_mistake(command, "--mac: no value; write it as 52:54:00:12:34:56");
	if (found) {
		flaw = mac_parse(value, options->port.mac);
		if (flaw)
			return arguments_mistake(command, "--mac %s: %s", value, flaw);
		options->port.has_mac = true;
		return 0;
	}
	if (!strncmp(argument, "--passthrough=", strlen("--passthrough=")) ||
	    !strncmp(argument, "--no-xdp=", strlen("--no-xdp=")))
		return arguments_mistake(command, "%.*s: takes no value; remove what follows it",
					 (int)strcspn(argument, "="), argument);
	if (!strcmp(argument, "--passthrough"))
		options->port.passthrough = true;
	else if (!strcmp(argument, "--no-xdp"))
		options->port.without_xdp = true;
	else
		return -1;
	return 0;
}

/* Parses seconds from 1 to @most. Returns 0, or the exit status after one line. */
static int parse_seconds(const char *command, const char *name, const char *value, unsigned most,
			 unsigned *ret)
{
	unsigned long seconds;
	char *end;

	errno = 0;
	seconds = strtoul(value, &end, 10);
	if (errno || end == value || *end || !isdigit((unsigned char)*value) || !seconds ||
	    seconds > most)
		return arguments_mistake(command, "%s %s: not a number of seconds from 1 to %u",
					 name, *value ? value : "''", most);
	*ret = (unsigned)seconds;
	return 0;
}

/* Options of `drain`. Returns -1 for another option, else as parse_option. */
static int parse_drain_option(int argc, char **argv, int *index, struct options *options)
{
	const char *value;
	int found = option_value(argc, argv, index, "--timeout", &value);

	if (found < 0)
		return arguments_mistake(argv[0], "--timeout: no value; write seconds to wait");
	if (found)
		return parse_seconds(argv[0], "--timeout", value, OPTIONS_DRAIN_TIMEOUT_MAX_S,
				     &options->drain_timeout_s);
	found = option_value(argc, argv, index, "--for", &value);
	if (found < 0)
		return arguments_mistake(argv[0], "--for: no value; write seconds until it ends");
	return found ? parse_seconds(argv[0], "--for", value, OPTIONS_DRAIN_FOR_MAX_S,
				     &options->drain_for_s)
		     : -1;
}

static int parse_option(int argc, char **argv, int *index, unsigned accepted,
			struct options *options)
{
	const char *command = argv[0], *argument = argv[*index], *value;
	int found;

	if (accepted & OPTIONS_PAIR) {
		found = option_value(argc, argv, index, "--pair", &value);
		if (found < 0)
			return arguments_mistake(
				command,
				"--pair: no value; write --pair STANDBY or --pair STANDBY=PRIMARY");
		if (found)
			return parse_pair(command, value, options);
	}
	if (accepted & OPTIONS_PORT) {
		found = parse_port_option(argc, argv, index, options);
		if (found >= 0)
			return found;
	}
	if (accepted & OPTIONS_DRAIN) {
		found = parse_drain_option(argc, argv, index, options);
		if (found >= 0)
			return found;
	}
	if (accepted & OPTIONS_BPFFS) {
		found = option_value(argc, argv, index, "--bpffs", &value);
		if (found < 0 || (found && !*value))
			return arguments_mistake(
				command,
				"--bpffs: no value; name the directory of a bpf file system");
		if (found) {
			options->bpffs = value;
			return 0;
		}
	}
	if (accepted & OPTIONS_CONFIG) {
		found = option_value(argc, argv, index, "--config", &value);
		if (found < 0 || (found && !*value))
			return arguments_mistake(command, "--config: no value; name a file");
		if (found) {
			options->config = value;
			return 0;
		}
	}
	if (accepted & OPTIONS_JSON) {
		if (!strcmp(argument, "--json")) {
			options->json = true;
			return 0;
		}
		if (!strncmp(argument, "--json=", strlen("--json=")))
			return arguments_mistake(
				command, "--json: takes no value; remove what follows it");
	}
	return arguments_mistake(command, "%s: no such option", argument);
}

int arguments_parse(int argc, char **argv, unsigned accepted, unsigned min_operands,
		    unsigned max_operands, struct options *ret)
{
	struct options options = { .bpffs = OPTIONS_DEFAULT_BPFFS,
				   .settings = config_default_settings() };
	bool only_operands = false;

	for (int i = 1; i < argc; i++) {
		if (!only_operands && !strcmp(argv[i], "--")) {
			only_operands = true;
		} else if (!only_operands && argv[i][0] == '-' && argv[i][1]) {
			int status = parse_option(argc, argv, &i, accepted, &options);

			if (status)
				return status;
		} else if (options.operand_count >= max_operands ||
			   options.operand_count >=
				   sizeof(options.operands) / sizeof(options.operands[0])) {
			return arguments_mistake(argv[0], "%s: one argument too many", argv[i]);
		} else {
			options.operands[options.operand_count++] = argv[i];
		}
	}
	if (options.operand_count < min_operands)
		return arguments_mistake(argv[0], "an argument is missing: %u of %u given",
					 options.operand_count, min_operands);
	*ret = options;
	return 0;
}
