/* SPDX-License-Identifier: GPL-2.0-only */
/* The configuration file: any bytes are read, or refused with one line and nothing changed. */
#include "base/ini_text.c"
#include "cli/config.c"
#include "cli/config_keys.c"
#include "cli/config_pair.c"
#include "cli/config_port.c"
#include "cli/arguments.c"

#include "fuzz.h"

#define LINE_SIZE 24

static void expect_name(const char name[OPTIONS_NAME_SIZE])
{
	FUZZ_EXPECT(strnlen(name, OPTIONS_NAME_SIZE) < OPTIONS_NAME_SIZE &&
		    !device_name_flaw(name));
}

/* libinih's own buffer is not watched; and a shorter one is full sooner. */
static void expect_lines(const char *text, size_t size)
{
	struct config_reading *reading = calloc(1, sizeof(*reading));
	char *line = malloc(LINE_SIZE);

	ini_text_begin(&reading->text, text, size);
	while (config_next_line(line, LINE_SIZE, reading))
		FUZZ_EXPECT(strlen(line) < LINE_SIZE);
	FUZZ_EXPECT(reading->text.next == reading->text.end || reading->text.mistake[0]);
	free(line);
	free(reading);
}

static void expect_ports(const struct options *options)
{
	FUZZ_EXPECT(options->port_count <= VFSTEER_MAX_PORTS);
	for (unsigned i = 0; i < options->port_count; i++) {
		const struct options_port *port = &options->ports[i];

		FUZZ_EXPECT(strnlen(port->name, IF_NAMESIZE) < IF_NAMESIZE &&
			    !ifname_flaw(port->name));
		expect_name(port->pair);
		FUZZ_EXPECT(strcmp(port->name, port->pair) &&
			    !(port->passthrough && port->has_mac));
		FUZZ_EXPECT(!port->has_mac || !(port->mac[0] & 1));
		for (unsigned j = 0; j < i; j++)
			FUZZ_EXPECT(strcmp(port->name, options->ports[j].name));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct options options, before;
	char *text = malloc(size ? size : 1), message[512] = "";
	int error;

	/* The ends of a buffer of just this size are watched. */
	memcpy(text, data, size);
	options = (struct options){ .settings = config_default_settings() };
	FUZZ_EXPECT(!arguments_add_pair(&options, "eth8=eth9"));
	before = options;
	error = config_parse("vfsteer.conf", text, size, &options, message, sizeof(message));
	if (error) {
		FUZZ_EXPECT(error == -EINVAL && !memcmp(&options, &before, sizeof(options)));
		FUZZ_EXPECT(!strncmp(message, "vfsteer.conf:", strlen("vfsteer.conf:")) &&
			    !strchr(message, '\n'));
	}
	FUZZ_EXPECT(options.settings.announce_count >= 1 && options.settings.announce_count <= 100);
	FUZZ_EXPECT(options.settings.leaving_timeout_ms >= 1000 &&
		    options.settings.leaving_timeout_ms <= 600000);
	FUZZ_EXPECT(options.pair_count >= 1 && options.pair_count <= VFSTEER_MAX_PAIRS);
	for (unsigned i = 0; i < options.pair_count; i++) {
		expect_name(options.pairs[i].standby);
		if (options.pairs[i].primary[0])
			expect_name(options.pairs[i].primary);
		for (unsigned j = 0; j < i; j++)
			FUZZ_EXPECT(strcmp(options.pairs[i].standby, options.pairs[j].standby));
	}
	expect_ports(&options);
	expect_lines(text, size);
	free(text);
	return 0;
}
