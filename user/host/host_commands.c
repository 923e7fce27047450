/* SPDX-License-Identifier: GPL-2.0-only */
#include "host/host_commands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/device_name.h"
#include "base/log.h"
#include "base/mac.h"
#include "host/host_arguments.h"
#include "host/host_config.h"
#include "host/host_daemon.h"
#include "host/host_service.h"

static char **whole_command;

void host_commands_keep(char **arguments)
{
	whole_command = arguments;
}

int host_commands_finish(const char *command, int status)
{
	if (!ferror(stdout) && !fflush(stdout))
		return status;
	log_error("%s: the output cannot be written; see where stdout leads", command);
	return EXIT_FAILURE;
}

int host_command_run(int argc, char **argv)
{
	static char message[PATH_MAX + 1024];
	struct host_arguments arguments;
	struct host_config *config;
	int status = host_arguments_parse(argc, argv, HOST_OPTION_CONFIG | HOST_OPTION_RUN_DIR, 0,
					  0, &arguments);

	if (status)
		return status;
	config = host_config_read(arguments.config, message, sizeof(message));
	if (!config) {
		log_error("run: %s", message);
		return EXIT_FAILURE;
	}
	return host_daemon_run(config, arguments.config, arguments.run_dir, whole_command);
}

/* Sends @request to the running process and prints the answer. Returns the exit status. */
static int ask(const char *command, const char *run_dir, const char *request)
{
	char *text;
	int status, error = host_service_ask(run_dir, request, &status, &text);

	if (error == -ENOENT || error == -ECONNREFUSED) {
		log_error("%s: 'vfsteer-host run' does not run: systemctl start vfsteer-host",
			  command);
		return EXIT_FAILURE;
	}
	if (error) {
		log_error("%s: %s/control: %s%s", command, run_dir, strerror(-error),
			  error == -EACCES ? "; run this as root" : "");
		return EXIT_FAILURE;
	}
	if (status)
		log_error("%s: %s", command, text);
	else
		fputs(text, stdout);
	free(text);
	return host_commands_finish(command, status);
}

int host_command_status(int argc, char **argv)
{
	struct host_arguments arguments;
	int status = host_arguments_parse(argc, argv, HOST_OPTION_JSON | HOST_OPTION_RUN_DIR, 0, 0,
					  &arguments);

	return status ? status
		      : ask(argv[0], arguments.run_dir, arguments.json ? "status json" : "status");
}

int host_command_metrics(int argc, char **argv)
{
	struct host_arguments arguments;
	int status = host_arguments_parse(argc, argv, HOST_OPTION_RUN_DIR, 0, 0, &arguments);

	return status ? status : ask(argv[0], arguments.run_dir, "metrics");
}

int host_command_allow(int argc, char **argv)
{
	unsigned accepted = HOST_OPTION_RUN_DIR | HOST_OPTION_NETNS | HOST_OPTION_REMOVE;
	char request[HOST_SERVICE_REQUEST_SIZE];
	struct host_arguments arguments;
	uint8_t mac[ETH_ALEN];
	const char *flaw;
	int status = host_arguments_parse(argc, argv, accepted, 2, 2, &arguments);

	if (status)
		return status;
	flaw = device_name_flaw(arguments.operands[0]);
	if (flaw)
		return host_arguments_mistake(argv[0], "TAP '%s': the tap's name %s",
					      arguments.operands[0], flaw);
	flaw = mac_parse(arguments.operands[1], mac);
	if (flaw)
		return host_arguments_mistake(argv[0], "%s: %s", arguments.operands[1], flaw);
	if (strpbrk(arguments.netns, "/ \t\n") || strlen(arguments.netns) >= NAME_MAX)
		return host_arguments_mistake(argv[0],
					      "--netns %s: not the name of a namespace: say the "
					      "last part of its path",
					      arguments.netns);
	snprintf(request, sizeof(request), "%s %s %s %s", arguments.remove ? "forbid" : "allow",
		 arguments.netns, arguments.operands[0], arguments.operands[1]);
	return ask(argv[0], arguments.run_dir, request);
}

int host_command_version(int argc, char **argv)
{
	struct host_arguments arguments;
	int status = host_arguments_parse(argc, argv, 0, 0, 0, &arguments);

	if (status)
		return status;
	printf("vfsteer-host %s\n", VFSTEER_VERSION);
	return host_commands_finish(argv[0], EXIT_SUCCESS);
}

int host_command_help(int argc, char **argv)
{
	const struct host_command *command;
	struct host_arguments arguments;
	int status = host_arguments_parse(argc, argv, 0, 0, 1, &arguments);

	if (status)
		return status;
	if (!arguments.operand_count) {
		host_commands_write_usage(stdout);
		return host_commands_finish(argv[0], EXIT_SUCCESS);
	}
	command = host_commands_find(arguments.operands[0]);
	if (!command) {
		log_error("help: %s: no such command; 'vfsteer-host help' lists them",
			  *arguments.operands[0] ? arguments.operands[0] : "''");
		return HOST_EXIT_USAGE;
	}
	printf("usage: vfsteer-host %s%s%s\n\n%s: %s\n\n%s", command->name,
	       *command->arguments ? " " : "", command->arguments, command->name, command->summary,
	       command->details);
	if (command->write_keys)
		command->write_keys(stdout);
	puts("\nExit status: 0 done, 1 failed, 2 not understood.");
	return host_commands_finish(argv[0], EXIT_SUCCESS);
}
