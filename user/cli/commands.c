/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli/commands.h"
#include "cli/config_keys.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define RUN_KEYS "                            "

static void write_run_keys(FILE *stream)
{
	fputs(RUN_KEYS "[agent]\n", stream);
	config_write_help(CONFIG_AGENT, RUN_KEYS, stream);
	fputs(RUN_KEYS "[pair eth0]                 and of those above: see vfsteer.conf(5)\n", stream);
	config_write_help(CONFIG_PAIR, RUN_KEYS, stream);
	fputs(RUN_KEYS "[port veth0]                see 'vfsteer help port'\n", stream);
}

static void write_port_keys(FILE *stream)
{
	fputs("  [port veth0]\n", stream);
	config_write_help(CONFIG_PORT, "  ", stream);
}

const struct command commands[] = {
	{
		.name = "run",
		.function = command_run,
		.arguments = "[--config FILE] [--pair STANDBY[=PRIMARY]]... [--bpffs DIR]",
		.summary = "make and keep the pairs (the agent, in the foreground)",
		.details =
			"A pair is a virtio-net device, the standby, and a VF with the same MAC, the primary. Addresses, routes\n"
			"and firewall rules stay on the standby; traffic goes over the primary whenever it can carry it, and over\n"
			"the standby otherwise. The primary may come and go: it is found again by its permanent MAC.\n"
			"\n"
			"Without --pair, every virtio-net device is paired with the other physical device of the same permanent\n"
			"MAC. There is nothing to configure.\n"
			"\n"
			"  --pair STANDBY          pair this device only, its primary found by permanent MAC; repeatable\n"
			"  --pair STANDBY=PRIMARY  name the primary as well: the device that it is at its first use, no other of its name\n"
			"  --bpffs DIR             the bpf file system to pin under (default /sys/fs/bpf)\n"
			"  --config FILE           settings and further pairs; all of it is optional:\n",
		.write_keys = write_run_keys,
		.rest =
			"\n"
			"When the agent ends, what it pinned under DIR/vfsteer stays and traffic goes on: it still leaves a\n"
			"primary that is lost, but returns to one only when the agent runs again. 'vfsteer unload' removes it all.\n"
			"\n"
			"Examples:\n"
			"  vfsteer run\n"
			"  vfsteer run --pair eth0\n"
			"  vfsteer run --pair eth0=eth1 --pair eth2=eth3\n",
	},
	{
		.name = "status",
		.function = command_status,
		.arguments = "[--json] [--bpffs DIR] [PAIR]",
		.summary = "show pairs, active path, last switch and counters",
		.details =
			"Shows every pair, or the one whose owner or standby is called PAIR (ifname or altname). Works without\n"
			"a running agent, and says so.\n"
			"\n"
			"  --json       one JSON object: version, agent, pairs; keys are only ever added\n"
			"  --bpffs DIR  the bpf file system that 'vfsteer run' pinned under (default /sys/fs/bpf)\n"
			"\n"
			"The primary is absent (no such device), joining (being made ready), ready, leaving (its removal was\n"
			"announced) or down (set down, or without carrier).\n"
			"\n"
			"Examples:\n"
			"  vfsteer status\n"
			"  vfsteer status eth0\n"
			"  vfsteer status --json | jq -r '.pairs[] | .standby + \" \" + .active'\n",
	},
	{
		.name = "switch",
		.function = command_switch,
		.arguments = "[--bpffs DIR] PAIR primary|standby|auto",
		.summary = "choose the path of a pair, or leave it to vfsteer",
		.details =
			"PAIR is the ifname or an altname of the pair's owner (net_failover's master) or standby.\n"
			"\n"
			"  primary      the primary, whenever it can carry traffic\n"
			"  standby      the standby, even when the primary could\n"
			"  auto         vfsteer chooses again\n"
			"  --bpffs DIR  the bpf file system that 'vfsteer run' pinned under (default /sys/fs/bpf)\n"
			"\n"
			"Examples:\n"
			"  vfsteer switch eth0 standby\n"
			"  vfsteer switch eth0 auto\n",
	},
	{
		.name = "drain",
		.function = command_drain,
		.arguments = "PAIR [--timeout S] [--for S] [--bpffs DIR]",
		.summary = "move traffic off the primary and wait until nothing is in flight on it",
		.details =
			"For scripts that are about to take the primary away. Moves the traffic to the standby, announces that, and\n"
			"waits until the primary's queues are empty, nothing is sent over it, and the network sends it nothing that the\n"
			"standby does not receive as well. Then it says so. PAIR is as for 'switch'.\n"
			"\n"
			"The traffic stays on the standby until 'vfsteer switch PAIR auto', or until --for has passed, also when the\n"
			"command has failed, and when the primary is replaced meanwhile.\n"
			"\n"
			"  --timeout S  give up waiting after S seconds (1 to 3600, default 10)\n"
			"  --for S      the agent ends the drain S seconds from now (1 to 86400, default: it does not)\n"
			"  --bpffs DIR  the bpf file system that 'vfsteer run' pinned under (default /sys/fs/bpf)\n"
			"\n"
			"Examples:\n"
			"  vfsteer drain eth0\n"
			"  vfsteer drain eth0 --timeout 5 --for 120\n",
	},
	{
		.name = "port",
		.function = command_port,
		.arguments = "add|del|list [ARGUMENT]...",
		.summary = "put interfaces of the guest on a pair's network",
		.details =
			"vfsteer port add IFACE --pair PAIR [--mac MAC | --passthrough] [--no-xdp] [--bpffs DIR]\n"
			"vfsteer port del IFACE [--bpffs DIR]\n"
			"vfsteer port list [--json] [--bpffs DIR]\n"
			"\n"
			"A port is an interface whose other end, a container's veth, a nested VM's tap, is to sit on the network of\n"
			"a pair, and to share its failover. Frames between the port and the active device of the pair go by XDP in\n"
			"the drivers where these have it, else by tc; 'vfsteer status' says which. PAIR is as for 'switch'.\n"
			"\n"
			"  --mac MAC      the MAC of what lives behind the port (default: that of a veth's other end); frames for it\n"
			"                 go there, and no frame with another one is taken from it\n"
			"  --passthrough  the port owns the pair's own MAC and takes all that comes for it: the guest itself is no\n"
			"                 longer reachable through the pair\n"
			"  --no-xdp       by tc only: XDP costs a container that sends TCP its segmentation offload\n"
			"  --json         the list as JSON\n"
			"  --bpffs DIR    the bpf file system that 'vfsteer run' pinned under (default /sys/fs/bpf)\n"
			"\n"
			"The first port that uses XDP has it attached to both devices of the pair, which interrupts them for a moment and\n"
			"turns offloads off. GRO is turned on at a veth's other end, since the kernel delivers XDP frames only there.\n"
			"A port lives until 'port del', 'unload', or its interface goes. One of the configuration comes back with it:\n"
			"\n",
		.write_keys = write_port_keys,
		.rest =
			"\n"
			"Examples:\n"
			"  vfsteer port add veth0 --pair eth0\n"
			"  vfsteer port add tap0 --pair eth0 --mac 52:54:00:12:34:56\n"
			"  vfsteer port del veth0\n",
	},
	{
		.name = "unload",
		.function = command_unload,
		.arguments = "[--bpffs DIR]",
		.summary = "take every program, pin and map away",
		.details =
			"Afterwards the guest is as it was without vfsteer: two devices, traffic on the standby. Stop the agent\n"
			"first.\n"
			"\n"
			"  --bpffs DIR  the bpf file system that 'vfsteer run' pinned under (default /sys/fs/bpf)\n"
			"\n"
			"Example:\n"
			"  vfsteer unload\n",
	},
	{
		.name = "xdp-broker",
		.function = command_xdp_broker,
		.arguments = "",
		.summary = "get a standby's XDP program for the agent; systemd starts it",
		.details =
			"An XDP program on a standby has to be on the primary as well. To get hold of it takes CAP_SYS_ADMIN, which\n"
			"the agent gives up: it asks this process, by the socket of vfsteer-xdp.socket. An agent that is started as\n"
			"root by hand makes such a process itself.\n"
			"\n"
			"Example:\n"
			"  systemctl start vfsteer-xdp.socket\n",
	},
	{
		.name = "version",
		.function = command_version,
		.arguments = "",
		.summary = "print the version",
		.details = "Example:\n"
			   "  vfsteer version\n",
	},
	{
		.name = "help",
		.function = command_help,
		.arguments = "[COMMAND]",
		.summary = "list the commands, or explain one",
		.details = "Example:\n"
			   "  vfsteer help run\n",
	},
	{ .name = NULL },
};

const struct command *commands_find(const char *name)
{
	for (const struct command *command = commands; command->name; command++)
		if (!strcmp(command->name, name))
			return command;
	return NULL;
}

void commands_write_usage(FILE *stream)
{
	fputs("usage: vfsteer COMMAND [ARGUMENT]...\n\n", stream);
	for (const struct command *command = commands; command->name; command++)
		fprintf(stream, "  vfsteer %s%s%s\n      %s\n", command->name, *command->arguments ? " " : "",
			command->arguments, command->summary);
	fputs("\nExit status: 0 done, 1 failed, 2 not understood. Errors are one line on stderr.\n"
	      "'vfsteer help COMMAND' says more.\n",
	      stream);
}

int commands_finish_output(const char *command, int status)
{
	if (!ferror(stdout) && !fflush(stdout))
		return status;
	fprintf(stderr, "vfsteer: %s: cannot write the output: %m; see where stdout leads\n", command);
	return EXIT_FAILURE;
}
