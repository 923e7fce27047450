/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli/commands.h"
#include "cli/config_keys.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define RUN_KEYS "    "

static void write_run_keys(FILE *stream)
{
	fputs(RUN_KEYS "[agent]\n", stream);
	config_write_help(CONFIG_AGENT, RUN_KEYS, stream);
	fputs(RUN_KEYS
	      "[pair eth0]                 keys above that pairs have, too: vfsteer.conf(5)\n",
	      stream);
	config_write_help(CONFIG_PAIR, RUN_KEYS, stream);
	fputs(RUN_KEYS "[port veth0]                see 'vfsteer help port'\n", stream);
}

static void write_port_keys(FILE *stream)
{
	fputs("  [port veth0]\n", stream);
	config_write_help(CONFIG_PORT, "  ", stream);
}

/* clang-format off */
const struct command commands[] = {
	{
		.name = "run",
		.function = command_run,
		.arguments = "[--config FILE] [--pair STANDBY[=PRIMARY]]... [--bpffs DIR]",
		.summary = "make and keep the pairs (the agent, in the foreground)",
		.details =
			"A pair is a virtio-net device, the standby, and a VF with the same MAC,\n"
			"the primary. Addresses, routes and firewall rules stay on the owner: the\n"
			"standby, or the master of net_failover. The primary is active whenever\n"
			"it can carry traffic, else the standby. PCI hotplug may remove and add\n"
			"the primary: its permanent MAC identifies it.\n"
			"\n"
			"Without --pair, each virtio-net device is paired with the other\n"
			"physical device of the same permanent MAC. No configuration is needed.\n"
			"\n"
			"  --pair STANDBY          pair only this device; repeatable. Its\n"
			"                          primary is found by permanent MAC\n"
			"  --pair STANDBY=PRIMARY  name the primary, too: only the device that\n"
			"                          has this name at its first use is accepted\n"
			"  --bpffs DIR             the bpf file system for the pins\n"
			"                          (default /sys/fs/bpf)\n"
			"  --config FILE           settings and further pairs, all optional:\n",
		.write_keys = write_run_keys,
		.rest =
			"\n"
			"Traffic continues when the agent ends: what it pinned under DIR/vfsteer\n"
			"stays, and still moves traffic off a primary that is lost. Only an agent\n"
			"moves traffic to a primary. 'vfsteer unload' removes everything.\n"
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
		.summary = "show pairs, active device, last switchover and counters",
		.details =
			"Shows every pair, or the one with the owner or standby PAIR (ifname or\n"
			"altname). Works without an agent, and reports that there is none.\n"
			"\n"
			"  --json       one JSON object: version, agent, pairs. Later versions\n"
			"               only add keys\n"
			"  --bpffs DIR  bpf file system of 'vfsteer run' (default /sys/fs/bpf)\n"
			"\n"
			"States of the primary: absent (no device), joining (the agent prepares\n"
			"it), ready, leaving (its removal was requested or has started), down (it\n"
			"cannot carry traffic; status names the reason).\n"
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
		.summary = "choose the active device of a pair, or leave it to vfsteer",
		.details =
			"PAIR is an ifname or altname of the owner of the pair (the master of\n"
			"net_failover) or of its standby.\n"
			"\n"
			"  primary      the primary, whenever it can carry traffic\n"
			"  standby      the standby, even if the primary could carry traffic\n"
			"  auto         vfsteer decides again\n"
			"  --bpffs DIR  bpf file system of 'vfsteer run' (default /sys/fs/bpf)\n"
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
			"For scripts that are about to remove the primary. Moves traffic to the\n"
			"standby, announces that, and waits until nothing is in flight on the\n"
			"primary: its queues are empty, nothing is sent over it, and it receives\n"
			"nothing that the standby does not receive as well. PAIR is as for\n"
			"'switch'.\n"
			"\n"
			"Traffic stays on the standby until 'vfsteer switch PAIR auto' or until\n"
			"the time of --for is over, also if the command has failed, or if the\n"
			"primary is replaced meanwhile.\n"
			"\n"
			"  --timeout S  stop waiting after S seconds (1 to 3600, default 10)\n"
			"  --for S      the agent ends the drain after S seconds (1 to 86400;\n"
			"               default: it does not)\n"
			"  --bpffs DIR  bpf file system of 'vfsteer run' (default /sys/fs/bpf)\n"
			"\n"
			"Examples:\n"
			"  vfsteer drain eth0\n"
			"  vfsteer drain eth0 --timeout 5 --for 120\n",
	},
	{
		.name = "port",
		.function = command_port,
		.arguments = "add|del|list [ARGUMENT]...",
		.summary = "put interfaces of the guest on the network of a pair",
		.details =
			"vfsteer port add IFACE --pair PAIR [--mac MAC | --passthrough]\n"
			"                 [--no-xdp] [--bpffs DIR]\n"
			"vfsteer port del IFACE [--bpffs DIR]\n"
			"vfsteer port list [--json] [--bpffs DIR]\n"
			"\n"
			"A port is an interface whose other end (a container's veth, a nested\n"
			"VM's tap) is on the network of a pair, and shares its failover. Frames\n"
			"go between the port and the active device by XDP if both drivers support\n"
			"that, else by tc; 'vfsteer status' shows which. PAIR as for 'switch'.\n"
			"\n"
			"  --mac MAC      the MAC behind the port (default: that of a veth's\n"
			"                 other end). Frames for it go to the port. Frames of the\n"
			"                 port with another source MAC are dropped\n"
			"  --passthrough  the port owns the MAC of the pair and receives all\n"
			"                 frames for it: the guest itself is unreachable there\n"
			"  --no-xdp       only tc: XDP costs a container its TCP segmentation\n"
			"                 offload\n"
			"  --json         the list as JSON\n"
			"  --bpffs DIR    bpf file system of 'vfsteer run' (default /sys/fs/bpf)\n"
			"\n"
			"The first port that uses XDP attaches it to both devices of the pair.\n"
			"That interrupts them for a moment and turns offloads off. vfsteer turns\n"
			"GRO on at a veth's other end, because the kernel needs it to deliver XDP\n"
			"frames there. 'port del', 'unload' and the removal of its interface\n"
			"remove a port. A port of the configuration returns with its interface:\n"
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
		.summary = "remove every program, pin and map",
		.details =
			"Afterwards the guest is as it was without vfsteer: two devices, traffic\n"
			"on the standby. Stop the agent first.\n"
			"\n"
			"  --bpffs DIR  bpf file system of 'vfsteer run' (default /sys/fs/bpf)\n"
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
			"The primary must have the XDP program of the standby. Only a process\n"
			"with CAP_SYS_ADMIN can fetch that program, and the agent drops this\n"
			"capability. The agent asks this process, by the socket of\n"
			"vfsteer-xdp.socket. An agent that root starts by hand starts such a\n"
			"process itself.\n"
			"\n"
			"Example:\n"
			"  systemctl start vfsteer-xdp.socket\n",
	},
	{
		.name = "version",
		.function = command_version,
		.arguments = "",
		.summary = "print the version",
		.details =
			"Example:\n"
			"  vfsteer version\n",
	},
	{
		.name = "help",
		.function = command_help,
		.arguments = "[COMMAND]",
		.summary = "list the commands, or explain one",
		.details =
			"Example:\n"
			"  vfsteer help run\n",
	},
	{ .name = NULL },
};
/* clang-format on */

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
		fprintf(stream, "  vfsteer %s%s%s\n      %s\n", command->name,
			*command->arguments ? " " : "", command->arguments, command->summary);
	fputs("\nExit status: 0 done, 1 failed, 2 not understood. Errors are one line on stderr.\n"
	      "'vfsteer help COMMAND' says more.\n",
	      stream);
}

int commands_finish_output(const char *command, int status)
{
	if (!ferror(stdout) && !fflush(stdout))
		return status;
	fprintf(stderr, "vfsteer: %s: cannot write the output: %m; check where stdout goes\n",
		command);
	return EXIT_FAILURE;
}
