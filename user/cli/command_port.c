/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/device_name.h"
#include "base/log.h"
#include "base/names.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/find_pair.h"
#include "control/control.h"
#include "control/request.h"
#include "maps/pins.h"
#include "port/port_peer.h"
#include "report/writer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COMMAND_PORT_ANSWER_MS 10000
#define COMMAND_PORT_SETTLE_MS 1000
#define COMMAND_PORT_POLL_MS 20
#define COMMAND_PORT_NO_INTERFACE "no such interface: 'ip link' lists those there are"

static int command_port_fail(const char *what, const char *why)
{
	log_error("port: %s: %s", what, why);
	return EXIT_FAILURE;
}

static int command_port_open(const struct options *options, struct pins *ret)
{
	char message[512];

	if (pins_open(options->bpffs, false, ret, message, sizeof(message)) == PINS_OK)
		return 0;
	log_error("port: %s", message);
	return EXIT_FAILURE;
}

/* Only the agent changes ports. Returns the exit status, after one line. */
static int command_port_ask(const struct options *options, const struct pins *pins,
			    const char *name, const char *request, char *answer)
{
	int status, error = control_ask(pins, request, COMMAND_PORT_ANSWER_MS, &status, answer);

	if (error && !pins_agent_runs(options->bpffs))
		return command_port_fail(
			name,
			"no agent is running, and only it changes ports: start 'vfsteer run'");
	if (error) {
		log_error("port: %s: the agent does not answer: %s: look at its log, or start it "
			  "again",
			  name, strerror(-error));
		return EXIT_FAILURE;
	}
	if (status)
		log_error("port: %s", answer);
	return status ? EXIT_FAILURE : EXIT_SUCCESS;
}

static const struct report_port *command_port_find(const struct report_ports *ports,
						   const char *name)
{
	for (unsigned i = 0; i < ports->count; i++)
		if (!strcmp(ports->ports[i].name, name))
			return &ports->ports[i];
	return NULL;
}

/*
 * A veth accepts XDP frames if its other end does: prepares that end, and waits until the agent
 * delivers by XDP.
 */
static void command_port_arrange(const struct pins *pins, const struct options_port *requested)
{
	const struct timespec pause = { .tv_nsec = COMMAND_PORT_POLL_MS * 1000000L };
	struct report_ports *ports;
	const struct report_port *port;
	bool is_delivering = false;
	int error;

	if (requested->without_xdp)
		return;
	error = port_peer_turn_gro_on(requested->name);
	if (error)
		log_warning("port: %s: GRO could not be turned on at its other end: %s: frames are "
			    "delivered by tc",
			    requested->name, strerror(-error));
	for (int waited_ms = 0; !error && !is_delivering && waited_ms < COMMAND_PORT_SETTLE_MS;
	     waited_ms += COMMAND_PORT_POLL_MS) {
		if (report_ports_read(pins, &ports))
			return;
		port = command_port_find(ports, requested->name);
		/* Only a veth has another end to wait for. */
		is_delivering = !port || port->delivers_by == PORT_DRIVER_NATIVE ||
				!strstr(port->why, words_port_obstacle(OBSTACLE_PEER));
		free(ports);
		if (!is_delivering)
			nanosleep(&pause, NULL);
	}
}

static int command_port_tell(const struct pins *pins, const char *name, const char *answer)
{
	struct report_ports *ports;
	const struct report_port *port;

	if (report_ports_read(pins, &ports))
		return command_port_fail(name, strerror(ENOMEM));
	port = command_port_find(ports, name);
	printf("%s", answer);
	if (port && port->present)
		printf(", takes frames by %s, delivers them by %s%s%s",
		       words_port_driver(port->takes_by), words_port_driver(port->delivers_by),
		       port->why[0] ? "; not by XDP: " : "", port->why);
	putchar('\n');
	free(ports);
	return EXIT_SUCCESS;
}

/*
 * Maps and agent use ifnames. Returns 0; or the exit status after one line, if the name is too long
 * for an ifname and no altname.
 */
static int command_port_resolve(const struct pins *pins, const char *name,
				struct options_port *requested)
{
	int slot = names_find_pair(pins, requested->pair);

	if (slot >= 0)
		snprintf(requested->pair, sizeof(requested->pair), "%.*s", VFSTEER_NAME_SIZE - 1,
			 pins->pairs[slot].owner);
	if (strlen(requested->pair) >= VFSTEER_NAME_SIZE)
		return command_port_fail(requested->pair,
					 "no such pair: 'vfsteer status' lists those there are");
	return names_resolve(name, requested->name)
		       ? command_port_fail(name, COMMAND_PORT_NO_INTERFACE)
		       : 0;
}

static int command_port_add(const struct options *options)
{
	char request[CONTROL_SIZE], answer[CONTROL_SIZE];
	struct options_port requested = options->port;
	struct pins pins;
	int status;

	if (!requested.pair[0])
		return arguments_mistake("port", "add %s: no pair: write --pair STANDBY",
					 options->operands[1]);
	if (requested.passthrough && requested.has_mac)
		return arguments_mistake("port", "--mac and --passthrough: a passthrough port owns "
						 "the pair's MAC; remove one");
	if (command_port_open(options, &pins))
		return EXIT_FAILURE;
	status = command_port_resolve(&pins, options->operands[1], &requested);
	if (!status) {
		request_write_port(&requested, request, sizeof(request));
		status = command_port_ask(options, &pins, requested.name, request, answer);
	}
	if (!status) {
		command_port_arrange(&pins, &requested);
		status = command_port_tell(&pins, requested.name, answer);
	}
	pins_close(&pins);
	return status;
}

static int command_port_delete(const struct options *options)
{
	char request[CONTROL_SIZE], answer[CONTROL_SIZE], name[IF_NAMESIZE];
	struct pins pins;
	int status;

	if (command_port_open(options, &pins))
		return EXIT_FAILURE;
	if (names_resolve(options->operands[1], name)) {
		pins_close(&pins);
		return command_port_fail(options->operands[1], COMMAND_PORT_NO_INTERFACE);
	}
	snprintf(request, sizeof(request), "port del %s", name);
	status = command_port_ask(options, &pins, name, request, answer);
	if (!status)
		puts(answer);
	pins_close(&pins);
	return status;
}

static int command_port_list(const struct options *options)
{
	struct report_ports *ports;
	struct pins pins;
	int status = EXIT_SUCCESS;

	if (command_port_open(options, &pins))
		return EXIT_FAILURE;
	if (report_ports_read(&pins, &ports)) {
		pins_close(&pins);
		return command_port_fail("list", strerror(ENOMEM));
	}
	if (report_write_ports(ports, options->json ? &report_json : &report_text, stdout))
		status = command_port_fail("list", strerror(ENOMEM));
	free(ports);
	pins_close(&pins);
	return status;
}

int command_port(int argc, char **argv)
{
	static const struct {
		const char *verb;
		unsigned accepted, operands;
		int (*function)(const struct options *options);
	} verbs[] = {
		{ "add", OPTIONS_BPFFS | OPTIONS_PORT, 2, command_port_add },
		{ "del", OPTIONS_BPFFS, 2, command_port_delete },
		{ "list", OPTIONS_BPFFS | OPTIONS_JSON, 1, command_port_list },
	};
	static struct options options;
	const char *flaw;
	int status;

	if (argc < 2)
		return arguments_mistake(argv[0], "an argument is missing: add, del or list");
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		if (strcmp(argv[1], verbs[i].verb))
			continue;
		status = arguments_parse(argc, argv, verbs[i].accepted, verbs[i].operands,
					 verbs[i].operands, &options);
		if (status)
			return status;
		flaw = verbs[i].operands > 1 ? device_name_flaw(options.operands[1]) : NULL;
		if (flaw)
			return arguments_mistake(argv[0], "'%s': the interface's name %s",
						 options.operands[1], flaw);
		status = verbs[i].function(&options);
		return status ? status : commands_finish_output(argv[0], 0);
	}
	return arguments_mistake(argv[0], "'%s': use add, del or list", argv[1]);
}
