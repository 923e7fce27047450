/* SPDX-License-Identifier: GPL-2.0-only */
#include "host/host_arguments.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "host/host_commands.h"
#include "host/host_state.h"

#define MESSAGE_SIZE 512

int host_arguments_mistake(const char *command, const char *format, ...)
{
	char message[MESSAGE_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	log_error("%s: %s; see 'vfsteer-host help %s'", command, message, command);
	return HOST_EXIT_USAGE;
}

static const struct option {
	const char *name;
	unsigned bit;
	const char *wanted; /* what the value is; NULL: it takes none */
	size_t offset;	    /* in struct host_arguments: of a const char * or bool */
} options[] = {
	{ "--config", HOST_OPTION_CONFIG, "name a file", offsetof(struct host_arguments, config) },
	{ "--run-dir", HOST_OPTION_RUN_DIR, "name a directory",
	  offsetof(struct host_arguments, run_dir) },
	{ "--netns", HOST_OPTION_NETNS, "name a namespace",
	  offsetof(struct host_arguments, netns) },
	{ "--json", HOST_OPTION_JSON, NULL, offsetof(struct host_arguments, json) },
	{ "--remove", HOST_OPTION_REMOVE, NULL, offsetof(struct host_arguments, remove) },
	{ "--probe", HOST_OPTION_PROBE, NULL, offsetof(struct host_arguments, probe) },
};

static const struct option *find(const char *argument, unsigned accepted)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		size_t length = strlen(options[i].name);

		if (options[i].bit & accepted && !strncmp(argument, options[i].name, length) &&
		    (!argument[length] || argument[length] == '='))
			return &options[i];
	}
	return NULL;
}

/* Takes argv[*index], and the next one if that is its value. Returns 0 or HOST_EXIT_USAGE. */
static int take_option(int argc, char **argv, int *index, unsigned accepted,
		       struct host_arguments *ret)
{
	const char *argument = argv[*index], *value = strchr(argument, '=');
	const struct option *option = find(argument, accepted);
	char *place = (char *)ret;

	if (!option)
		return host_arguments_mistake(argv[0], "%s: no such option", argument);
	if (!option->wanted) {
		if (value)
			return host_arguments_mistake(
				argv[0], "%s: takes no value; leave out what follows it",
				option->name);
		*(bool *)(place + option->offset) = true;
		return 0;
	}
	value = value ? value + 1 : *index + 1 < argc ? argv[++*index] : "";
	if (!*value)
		return host_arguments_mistake(argv[0], "%s: no value; %s", option->name,
					      option->wanted);
	*(const char **)(place + option->offset) = value;
	return 0;
}

int host_arguments_parse(int argc, char **argv, unsigned accepted, unsigned least, unsigned most,
			 struct host_arguments *ret)
{
	struct host_arguments arguments = { .run_dir = HOST_RUN_DIRECTORY, .netns = "-" };
	bool only_operands = false;

	for (int i = 1; i < argc; i++) {
		if (!only_operands && strcmp(argv[i], "--") == 0) {
			only_operands = true;
		} else if (!only_operands && argv[i][0] == '-' && argv[i][1]) {
			int status = take_option(argc, argv, &i, accepted, &arguments);

			if (status)
				return status;
		} else if (arguments.operand_count >= most) {
			return host_arguments_mistake(argv[0], "%s: one argument too many",
						      argv[i]);
		} else {
			arguments.operands[arguments.operand_count++] = argv[i];
		}
	}
	if (arguments.operand_count < least)
		return host_arguments_mistake(argv[0], "an argument is missing: %u of %u given",
					      arguments.operand_count, least);
	*ret = arguments;
	return 0;
}
