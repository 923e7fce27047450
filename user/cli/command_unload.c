/* SPDX-License-Identifier: GPL-2.0-only */
#include "agent/unload.h"
#include "announce/announce.h"
#include "base/log.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "control/control.h"
#include "maps/pins.h"
#include "maps/pins_make.h"
#include "maps/slot.h"
#include "netdev/link.h"
#include "netdev/netdev.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define COMMAND_UNLOAD_WAIT_MS 20000
#define COMMAND_UNLOAD_POLL_MS 50

static int command_unload_fail(const char *what, const char *why)
{
	log_error("unload: %s: %s", what, why);
	return 1;
}

/* A service's sandbox keeps the agent from removing the directory, which it leaves empty. */
static void command_unload_finish(const char *bpffs, const char *directory)
{
	int lock_fd = pins_lock(bpffs);

	if (lock_fd < 0)
		return;
	rmdir(directory);
	close(lock_fd);
}

/* Asks a running agent, which would otherwise restore what is removed. */
static int command_unload_ask(const struct options *options, struct pins *pins)
{
	struct timespec pause = { .tv_nsec = COMMAND_UNLOAD_POLL_MS * 1000000L };
	char answer[CONTROL_SIZE], directory[PINS_PATH_SIZE], message[512];
	int agent_status, error;

	if (slot_explain_foreign(pins, message, sizeof(message))) {
		log_error("unload: %s", message);
		pins_close(pins);
		return 1;
	}

	snprintf(directory, sizeof(directory), "%s", pins->directory);
	error = control_ask(pins, "unload", 5000, &agent_status, answer);
	pins_close(pins);
	if (error)
		return command_unload_fail("the agent does not answer; stop it and try again",
					   strerror(-error));
	for (int waited_ms = 0; waited_ms < COMMAND_UNLOAD_WAIT_MS;
	     waited_ms += COMMAND_UNLOAD_POLL_MS) {
		if (access(directory, F_OK))
			return 0;
		if (!pins_agent_runs(options->bpffs))
			break;
		nanosleep(&pause, NULL);
	}
	command_unload_finish(options->bpffs, directory);
	return access(directory, F_OK)
		       ? 0
		       : command_unload_fail(
				 directory,
				 "the agent did not remove everything; see its log, and try again");
}

/*
 * Holds the lock of the directory, so that no agent adopts half of it. Closes @pins, whose maps are
 * open if @readable.
 */
static int command_unload_alone(struct pins *pins, bool readable)
{
	struct netdev_table *table = NULL;
	struct link_requests *requests = NULL;
	int announce_fd = announce_open();
	int error = netdev_table_new(&table, 0);

	if (!error)
		error = link_requests_new(&requests);
	control_forget(pins);
	if (!error && readable)
		error = unload_everything(pins, table, requests, announce_fd);
	else if (!error)
		error = unload_unreadable(pins->directory, table, requests, announce_fd);
	pins_close(pins);
	link_requests_free(requests);
	netdev_table_free(table);
	if (announce_fd >= 0)
		close(announce_fd);
	return error ? command_unload_fail("not everything could be removed; try again as root",
					   strerror(-error))
		     : 0;
}

int command_unload(int argc, char **argv)
{
	static struct options options;
	char message[512];
	struct pins pins;
	int status = arguments_parse(argc, argv, OPTIONS_BPFFS, 0, 0, &options);

	if (status)
		return status;
	switch (pins_open(options.bpffs, true, &pins, message, sizeof(message))) {
	case PINS_OK:
		pins.directory_fd = pins_lock(options.bpffs);
		return pins.directory_fd < 0 ? command_unload_ask(&options, &pins)
					     : command_unload_alone(&pins, true);
	case PINS_ABSENT:
		printf("nothing to unload\n");
		return commands_finish_output(argv[0], 0);
	case PINS_UNREADABLE:
	case PINS_FOREIGN_VERSION:
		pins = (struct pins){ .pairs_fd = -1,
				      .counters_fd = -1,
				      .twins_fd = -1,
				      .twins_key_fd = -1,
				      .own_macs_fd = -1,
				      .events_fd = -1 };
		snprintf(pins.directory, sizeof(pins.directory), "%.200s/vfsteer", options.bpffs);
		pins.directory_fd = pins_lock(options.bpffs);
		if (pins.directory_fd == -EWOULDBLOCK)
			return command_unload_fail(
				message, "an agent of another version runs: stop it first");
		return command_unload_alone(&pins, false);
	default:
		log_error("unload: %s", message);
		return 1;
	}
}
