/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text from outside: a request to the agent, its answer, an argument of the command line, the name
 * of a pinned link.
 */
#include "control/control.c"
#include "control/request.c"
#include "cli/arguments.c"
#include "maps/pins_make.c"

#include "fuzz.h"

#define WORDS_MAX 8

/* A MAC may be written in either case. */
static void expect_port(const struct options_port *port, const char *text)
{
	char again[CONTROL_SIZE];

	FUZZ_EXPECT(!device_name_flaw(port->name) && !device_name_flaw(port->pair));
	request_write_port(port, again, sizeof(again));
	FUZZ_EXPECT(port->has_mac ? !strcasecmp(again, text) : !strcmp(again, text));
}

static void expect_request(const char *text)
{
	struct request request = request_parse(text);
	char again[64];

	if (request.kind == REQUEST_PORT_ADD)
		expect_port(&request.port, text);
	if (request.kind == REQUEST_PORT_DELETE)
		FUZZ_EXPECT(!device_name_flaw(request.port.name));
	if (request.kind != REQUEST_SWITCH && request.kind != REQUEST_DRAIN)
		return;
	FUZZ_EXPECT(memchr(request.standby, '\0', sizeof(request.standby)));
	if (request.kind == REQUEST_DRAIN)
		snprintf(again, sizeof(again), "drain %s %u", request.standby, request.drain_for_s);
	else
		snprintf(again, sizeof(again), "switch %s %s", request.standby,
			 words_admin(request.requested));
	FUZZ_EXPECT(!strcmp(again, text));
}

static void expect_answer(const char *text)
{
	char answer[CONTROL_SIZE];
	int status = 0;

	if (!control_parse_answer(text, &status, answer))
		FUZZ_EXPECT(strlen(answer) < CONTROL_SIZE && strstr(text, " "));
}

/* The words of a line, as the arguments of "run". */
static void expect_options(char *line)
{
	static struct options options;
	const unsigned port = strlen(line) % 2 ? OPTIONS_PORT : 0;
	char *words[WORDS_MAX] = { "run" };
	int count = 1, status;

	for (char *word = strtok(line, " "); word && count < WORDS_MAX; word = strtok(NULL, " "))
		words[count++] = word;
	status = arguments_parse(
		count, words, OPTIONS_PAIR | OPTIONS_BPFFS | OPTIONS_CONFIG | OPTIONS_JSON | port,
		0, 2, &options);
	FUZZ_EXPECT(status == 0 || status == EXIT_USAGE);
	for (unsigned i = 0; !status && i < options.pair_count; i++)
		FUZZ_EXPECT(!device_name_flaw(options.pairs[i].standby));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	/* What it complains of is not to be read. */
	stderr = fopen("/dev/null", "we");
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	expect_request(text);
	expect_answer(text);
	FUZZ_EXPECT(pins_link_ifindex(text) >= 0);
	expect_options(text);
	free(text);
	return 0;
}
