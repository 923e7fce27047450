/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/room.h"
#include "datapath/bypass.h"
#include "datapath/port_programs.h"
#include "datapath/steer.h"
#include "datapath/xdp.h"
#include "netdev/rtnetlink.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/sock_diag.h>
#include <linux/xdp_diag.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define READER_PROTOCOLS "/proc/self/net/protocols"
#define READER_DIAG_TIMEOUT_S 1

struct bypass_reader {
	unsigned *socket_devices; /* ifindex of each AF_XDP socket */
	size_t socket_count, socket_room;
	unsigned sockets; /* AF_XDP sockets in total */
	bool knows_devices;
};

/*
 * Counts the AF_XDP sockets of this network namespace. A request to xsk_diag would load that module
 * even if there are none.
 */
static unsigned reader_count_sockets(void)
{
	FILE *file = fopen(READER_PROTOCOLS, "re");
	char line[256], name[16];
	unsigned size, count = 0;
	int sockets;

	if (!file)
		return 0;
	while (!count && fgets(line, sizeof(line), file))
		if (sscanf(line, "%15s %u %d", name, &size, &sockets) == 3 &&
		    !strcmp(name, "XDP") && sockets > 0)
			count = (unsigned)sockets;
	fclose(file);
	return count;
}

static int reader_take_socket(const struct nlmsghdr *answer, void *context)
{
	struct bypass_reader *reader = context;
	struct nlattr *values[XDP_DIAG_MAX + 1];
	struct xdp_diag_info info;

	if (answer->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    nlmsg_parse((struct nlmsghdr *)answer, sizeof(struct xdp_diag_msg), values,
			XDP_DIAG_MAX, NULL) < 0 ||
	    !values[XDP_DIAG_INFO] || nla_len(values[XDP_DIAG_INFO]) < (int)sizeof(info))
		return 0;
	if (room_for_one(reader->socket_devices, reader->socket_count, &reader->socket_room))
		return -ENOMEM;
	memcpy(&info, nla_data(values[XDP_DIAG_INFO]), sizeof(info));
	reader->socket_devices[reader->socket_count++] = info.ifindex;
	return 0;
}

static void reader_read_sockets(struct bypass_reader *reader)
{
	struct xdp_diag_req request = { .sdiag_family = AF_XDP, .xdiag_show = XDP_SHOW_INFO };
	struct timeval timeout = { .tv_sec = READER_DIAG_TIMEOUT_S };
	struct nl_sock *socket;

	reader->sockets = reader_count_sockets();
	socket = reader->sockets ? nl_socket_alloc() : NULL;
	if (!socket)
		return;
	if (nl_connect(socket, NETLINK_SOCK_DIAG) >= 0) {
		setsockopt(nl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &timeout,
			   sizeof(timeout));
		reader->knows_devices =
			!rtnetlink_request(socket,
					   rtnetlink_message(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP,
							     &request, sizeof(request)),
					   reader_take_socket, reader);
	}
	nl_socket_free(socket);
}

int bypass_reader_new(struct bypass_reader **ret)
{
	struct bypass_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return -ENOMEM;
	reader_read_sockets(reader);
	*ret = reader;
	return 0;
}

void bypass_reader_free(struct bypass_reader *reader)
{
	if (!reader)
		return;
	free(reader->socket_devices);
	free(reader);
}

unsigned bypass_count_sockets(int ifindex)
{
	struct bypass_reader *reader;
	unsigned count;

	if (bypass_reader_new(&reader))
		return 0;
	count = reader->knows_devices ? 0 : reader->sockets;
	for (size_t i = 0; i < reader->socket_count; i++)
		count += reader->socket_devices[i] == (unsigned)ifindex;
	bypass_reader_free(reader);
	return count;
}

static void reader_describe_xdp(const struct pins *pins, const struct netdev *standby,
				const struct netdev *primary, struct bypass_facts *facts)
{
	struct xdp ports = port_programs_standby_xdp(pins, standby->ifindex);
	struct xdp mirrored = xdp_mirror_link(pins, primary->ifindex);

	facts->mirrored_xdp_program = xdp_program(&mirrored);
	if (!standby->xdp_program || standby->xdp_program == xdp_program(&ports))
		return;
	facts->xdp_mode = standby->xdp_mode;
	facts->xdp_program = standby->xdp_program;
	facts->primary_xdp_program = primary->xdp_program;
}

void bypass_read(const struct bypass_reader *reader, const struct pins *pins, unsigned slot,
		 const struct netdev_table *table, bool has_agent, struct bypass_facts *ret)
{
	const struct vfsteer_pair *pair = &pins->pairs[slot];
	const struct netdev *owner = netdev_by_index(table, (int)pair->owner_ifindex);
	const struct netdev *primary = netdev_by_index(table, (int)pair->primary_ifindex);

	memset(ret, 0, sizeof(*ret));
	if (!owner || !primary)
		return;
	memcpy(ret->standby, owner->name, sizeof(ret->standby));
	memcpy(ret->primary, primary->name, sizeof(ret->primary));
	ret->rx_direct = pair->rx_direct;
	ret->egress_is_before = pair->egress_is_before;
	ret->has_agent = has_agent;
	ret->xdp_mirror = pair->xdp_mirror;
	ret->xdp_mirror_error = pair->xdp_mirror_error;
	/* A program on net_failover's master sees the frames of both slaves. */
	if (pair->kind == KIND_PLAIN)
		reader_describe_xdp(pins, owner, primary, ret);
	for (size_t i = 0; i < reader->socket_count; i++)
		ret->af_xdp_sockets += reader->socket_devices[i] == (unsigned)owner->ifindex;
	if (reader->sockets && !reader->knows_devices)
		ret->unknown_sockets = reader->sockets;
	steer_get_egress_others(pins, owner->ifindex, &ret->egress_others);
	/* Otherwise the agent moves ours behind them soon. */
	if (pair->egress_is_before || !has_agent)
		steer_get_egress_others_behind(pins, owner->ifindex, &ret->egress_behind);
	if (pair->kind == KIND_PLAIN) {
		steer_get_primary_others(pins, primary->ifindex, &ret->ingress_others);
	} else {
		snprintf(ret->redirected, sizeof(ret->redirected), "%.15s", pair->standby);
		steer_get_redirect_others(pins, (int)pair->standby_ifindex, &ret->ingress_others);
	}
	steer_get_owner_others(pins, owner->ifindex, &ret->standby_ingress_others);
}
