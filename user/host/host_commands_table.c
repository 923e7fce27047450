/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of subcommands, and what is printed from it. */
#include <string.h>

#include "host/host_commands.h"
#include "host/host_config.h"

const struct host_command host_commands[] = {
	{
		.name = "run",
		.function = host_command_run,
		.arguments = "[--config FILE] [--run-dir DIR]",
		.summary = "share the MACs of guests with the PF (in the foreground)",
		.details = "Receives the signals of vfsteer in the guests on their taps. While a "
			   "guest uses its\n"
			   "virtio-net device, its MAC is on the receive list of the PF that has a "
			   "VF of this MAC.\n"
			   "\n"
			   "  --config FILE  settings (default /etc/vfsteer/host.conf, if that "
			   "exists)\n"
			   "  --run-dir DIR  control socket and list of entries (default "
			   "/run/vfsteer-host)\n"
			   "\n"
			   "SIGTERM takes all entries back. SIGHUP reads the configuration again "
			   "and keeps them;\n"
			   "after a mistake in it nothing is changed.\n"
			   "\n"
			   "Example:\n"
			   "  vfsteer-host run\n"
			   "\n"
			   "The configuration, all of it optional:\n",
		.write_keys = host_config_write_help,
	},
	{
		.name = "status",
		.function = host_command_status,
		.arguments = "[--json] [--run-dir DIR]",
		.summary = "show which MACs are shared, which are not, and why",
		.details = "  --json         one JSON object: version, guests, taps, counters; "
			   "keys are only added\n"
			   "  --run-dir DIR  as for 'run'\n"
			   "\n"
			   "Example:\n"
			   "  vfsteer-host status --json | jq -r '.guests[] | .tap + \" \" + "
			   ".reason'\n",
	},
	{
		.name = "check",
		.function = host_command_check,
		.arguments = "[--json] [--probe] [--config FILE]",
		.summary = "say what the PFs, bridges and VFs of this host allow",
		.details = "Works without 'vfsteer-host run'. Each line that begins with '!' needs "
			   "a change, and\n"
			   "says which.\n"
			   "\n"
			   "  --probe        try whether each PF takes a MAC: a random one is "
			   "added and removed\n"
			   "  --json         one JSON object: version, findings\n"
			   "  --config FILE  as for 'run'\n"
			   "\n"
			   "Example:\n"
			   "  vfsteer-host check --probe\n",
	},
	{
		.name = "allow",
		.function = host_command_allow,
		.arguments = "[--remove] [--netns NAME] [--run-dir DIR] TAP MAC",
		.summary = "permit a tap to speak for a MAC",
		.details =
			"A tap of libvirt needs no permission: its MAC names the guest's. Others "
			"need this, or\n"
			"a [tap] section in the configuration. The permission ends with the tap.\n"
			"\n"
			"  --remove       take the permission back\n"
			"  --netns NAME   the tap is in this namespace, one of the configuration\n"
			"  --run-dir DIR  as for 'run'\n"
			"\n"
			"Example:\n"
			"  vfsteer-host allow tap100i0 52:54:00:12:34:56\n",
	},
	{
		.name = "metrics",
		.function = host_command_metrics,
		.arguments = "[--run-dir DIR]",
		.summary = "print counters for Prometheus",
		.details = "  --run-dir DIR  as for 'run'\n"
			   "\n"
			   "Example:\n"
			   "  vfsteer-host metrics >/var/lib/node_exporter/vfsteer.prom\n",
	},
	{
		.name = "version",
		.function = host_command_version,
		.arguments = "",
		.summary = "print the version",
		.details = "Example:\n"
			   "  vfsteer-host version\n",
	},
	{
		.name = "help",
		.function = host_command_help,
		.arguments = "[COMMAND]",
		.summary = "list the commands, or explain one",
		.details = "Example:\n"
			   "  vfsteer-host help run\n",
	},
	{ .name = NULL },
};

const struct host_command *host_commands_find(const char *name)
{
	for (const struct host_command *command = host_commands; command->name; command++)
		if (strcmp(command->name, name) == 0)
			return command;
	return NULL;
}

void host_commands_write_usage(FILE *stream)
{
	fputs("usage: vfsteer-host COMMAND [ARGUMENT]...\n\n", stream);
	for (const struct host_command *command = host_commands; command->name; command++)
		fprintf(stream, "  vfsteer-host %s%s%s\n      %s\n", command->name,
			*command->arguments ? " " : "", command->arguments, command->summary);
	fputs("\nExit status: 0 done, 1 failed, 2 not understood. Errors are one line on stderr.\n"
	      "'vfsteer-host help COMMAND' says more.\n",
	      stream);
}
