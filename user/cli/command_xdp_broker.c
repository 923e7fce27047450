/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/log.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "datapath/xdp_broker.h"

#include <sys/socket.h>
#include <unistd.h>

int command_xdp_broker(int argc, char **argv)
{
	static struct options options;
	int type = 0, status = arguments_parse(argc, argv, 0, 0, 0, &options);
	socklen_t size = sizeof(type);

	if (status)
		return status;
	if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &size) || type != SOCK_SEQPACKET) {
		log_error("xdp-broker: standard input: not the agent's socket: start it by "
			  "'systemctl start vfsteer-xdp.socket'");
		return 1;
	}
	status = xdp_broker_serve(STDIN_FILENO);
	if (status)
		log_error("xdp-broker: no privilege to ask for XDP programs, or not the agent that "
			  "asks: run it as "
			  "root with CAP_SYS_ADMIN");
	return status;
}
