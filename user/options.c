/* SPDX-License-Identifier: GPL-2.0-only */
#include "options.h"

#include "commands.h"
#include "text.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/*
 * One line to the user, with where to read on. Returns the exit status, for the caller to pass on. What it quotes is
 * the user's, so it is masked: a line stays a line, and a terminal as it is.
 */
__attribute__((format(printf, 2, 3))) static int mistake(const char *command, const char *format, ...)
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

/* options_name_flaw for the first @length characters. */
static const char *name_flaw(const char *name, size_t length)
{
	if (!length)
		return "is empty";
	if (length >= IF_NAMESIZE)
		return "is longer than 15 characters";
	if (name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.')))
		return "is not allowed";
	for (size_t i = 0; i < length; i++) {
		if (strchr("/:=", name[i]))
			return "holds a '/', ':' or '='";
		if (isspace((unsigned char)name[i]))
			return "holds white space";
	}
	return NULL;
}

const char *options_name_flaw(const char *name)
{
	return name_flaw(name, strlen(name));
}

int options_check_name(const char *command, const char *name)
{
	const char *flaw = options_name_flaw(name);

	return flaw ? mistake(command, "PAIR '%s': the standby's name %s", name, flaw) : 0;
}

const char *options_add_pair(struct options *options, const char *value)
{
	static char text[128];
	size_t standby_length = strcspn(value, "=");
	const char *primary = value[standby_length] ? value + standby_length + 1 : NULL;
	struct options_pair pair = { 0 };
	const char *flaw = name_flaw(value, standby_length);

	if (flaw) {
		snprintf(text, sizeof(text), "the standby's name %s", flaw);
		return text;
	}
	memcpy(pair.standby, value, standby_length);
	if (primary) {
		flaw = name_flaw(primary, strlen(primary));
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
		else if (primary && (!strcmp(pair.primary, other->primary) || !strcmp(pair.primary, other->standby)))
			twice = pair.primary;
		if (twice) {
			snprintf(text, sizeof(text), "%s is in an earlier pair already; name each device once", twice);
			return text;
		}
	}
	if (options->pair_count == VFSTEER_MAX_PAIRS) {
		snprintf(text, sizeof(text), "there are %d pairs already, and no more are possible", VFSTEER_MAX_PAIRS);
		return text;
	}
	options->pairs[options->pair_count++] = pair;
	return NULL;
}

static int parse_pair(const char *command, const char *value, struct options *options)
{
	const char *flaw = options_add_pair(options, value);

	return flaw ? mistake(command, "--pair %s: %s", value, flaw) : 0;
}

/*
 * When argv[*index] is @name, takes its value from "NAME=VALUE" or from the next argument, moving *index on.
 * Returns 1 and sets *ret_value, 0 when it is another option, or -1 when the value is missing.
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

static int parse_option(int argc, char **argv, int *index, unsigned accepted, struct options *options)
{
	const char *command = argv[0], *argument = argv[*index], *value;
	int found;

	if (accepted & OPTIONS_PAIR) {
		found = option_value(argc, argv, index, "--pair", &value);
		if (found < 0)
			return mistake(command, "--pair: no value; write --pair STANDBY or --pair STANDBY=PRIMARY");
		if (found)
			return parse_pair(command, value, options);
	}
	if (accepted & OPTIONS_BPFFS) {
		found = option_value(argc, argv, index, "--bpffs", &value);
		if (found < 0 || (found && !*value))
			return mistake(command, "--bpffs: no value; name the directory of a bpf file system");
		if (found) {
			options->bpffs = value;
			return 0;
		}
	}
	if (accepted & OPTIONS_CONFIG) {
		found = option_value(argc, argv, index, "--config", &value);
		if (found < 0 || (found && !*value))
			return mistake(command, "--config: no value; name a file");
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
			return mistake(command, "--json: takes no value; leave out what follows it");
	}
	return mistake(command, "%s: no such option", argument);
}

int options_parse(int argc, char **argv, unsigned accepted, unsigned min_operands, unsigned max_operands,
		  struct options *ret)
{
	struct options options = { .bpffs = OPTIONS_DEFAULT_BPFFS, .settings = OPTIONS_DEFAULT_SETTINGS };
	bool only_operands = false;

	for (int i = 1; i < argc; i++) {
		if (!only_operands && !strcmp(argv[i], "--")) {
			only_operands = true;
		} else if (!only_operands && argv[i][0] == '-' && argv[i][1]) {
			int status = parse_option(argc, argv, &i, accepted, &options);

			if (status)
				return status;
		} else if (options.operand_count >= max_operands ||
			   options.operand_count >= sizeof(options.operands) / sizeof(options.operands[0])) {
			return mistake(argv[0], "%s: one argument too many", argv[i]);
		} else {
			options.operands[options.operand_count++] = argv[i];
		}
	}
	if (options.operand_count < min_operands)
		return mistake(argv[0], "an argument is missing: %u of %u given", options.operand_count, min_operands);
	*ret = options;
	return 0;
}
