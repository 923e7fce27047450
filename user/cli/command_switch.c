/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/log.h"
#include "base/names.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/find_pair.h"
#include "control/control.h"
#include "maps/pins.h"
#include "maps/slot_drain.h"
#include "policy/policy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* @path: "primary", "standby" or "auto". */
static enum vfsteer_admin command_switch_admin(const char *path)
{
	if (!strcmp(path, "standby"))
		return ADMIN_STANDBY;
	return !strcmp(path, "primary") ? ADMIN_PRIMARY : ADMIN_AUTO;
}

/*
 * Without an agent this changes the word itself. The data path follows at once, without an
 * announcement.
 */
static int command_switch_pins(const struct pins *pins, int slot, const char *standby,
			       enum vfsteer_admin admin)
{
	struct vfsteer_state state = pins_state(pins, slot), wanted;

	do {
		if (!policy_admits(state, admin)) {
			log_error("switch: %s: the primary cannot carry traffic: it is %s; start "
				  "'vfsteer run' to bring it back",
				  standby, words_primary_state(state.primary));
			return 1;
		}
		slot_drain_end(&pins->pairs[slot]);
		wanted = policy_switch(state, admin);
	} while (!pins_state_change(pins, slot, &state, wanted));
	printf("%s: active: %s, admin: %s (no agent is running: not announced to the network)\n",
	       standby, words_path(state.active), words_admin(state.admin));
	return 0;
}

static int command_switch_ask(const struct pins *pins, const char *standby, const char *path,
			      int *ret_status)
{
	char request[CONTROL_SIZE], answer[CONTROL_SIZE];
	int error;

	snprintf(request, sizeof(request), "switch %s %s", standby, path);
	error = control_ask(pins, request, 5000, ret_status, answer);
	if (error)
		return error;
	if (*ret_status)
		log_error("switch: %s", answer);
	else
		printf("%s\n", answer);
	return 0;
}

int command_switch(int argc, char **argv)
{
	static struct options options;
	struct named_pair pair;
	int status = arguments_parse(argc, argv, OPTIONS_BPFFS, 2, 2, &options), error;
	const char *path = options.operands[1];

	if (!status)
		status = arguments_check_name(argv[0], options.operands[0]);
	if (status)
		return status;
	if (strcmp(path, "primary") && strcmp(path, "standby") && strcmp(path, "auto")) {
		log_error("switch: %s: not a path: use primary, standby or auto",
			  *path ? path : "''");
		return EXIT_USAGE;
	}
	status = names_open_pair(argv[0], options.bpffs, options.operands[0], &pair);
	if (status)
		return status;
	error = command_switch_ask(&pair.pins, pair.owner, path, &status);
	if (error && pins_agent_runs(options.bpffs)) {
		log_error(
			"switch: the agent does not answer: %s: look at its log, or start it again",
			strerror(-error));
		status = 1;
	} else if (error) {
		status = command_switch_pins(&pair.pins, (int)pair.slot, pair.owner,
					     command_switch_admin(path));
	}
	pins_close(&pair.pins);
	return status ? status : commands_finish_output(argv[0], 0);
}
