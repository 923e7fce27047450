/* SPDX-License-Identifier: GPL-2.0-only */
#include "host/host_links.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "host/host_links_table.h"
#include "netdev/link.h"
#include "netdev/netdev_parse.h"
#include "netdev/rtnetlink.h"

#define RECEIVE_BUFFER_BYTES (4 * 1024 * 1024)
/* Per dispatch, so that a storm of messages does not block the event loop. */
#define DATAGRAMS_AT_ONCE 1024

/*
 * Hardware has no kind. Of the software devices only netdevsim has VFs. Taps and veths change often
 * and are not asked for VFs.
 */
static bool may_have_vfs(const struct netdev *device)
{
	return device->hardware_type == ARPHRD_ETHER &&
	       (!device->kind[0] || strcmp(device->kind, "netdevsim") == 0);
}

/* An answer that was asked for with the VFs. */
static int take_full(const struct nlmsghdr *message, void *context)
{
	struct host_links *links = context;
	struct host_vf *vfs;
	struct netdev device;
	size_t count;
	int changed, error = netdev_parse_link(message, message->nlmsg_len, &device);

	if (error)
		return error == -ENOMSG ? 0 : error;
	changed = host_links_put(links, &device);
	if (changed < 0)
		return changed;
	error = host_vfs_parse(message, message->nlmsg_len, &vfs, &count);
	if (error)
		return error;
	return changed | host_links_put_vfs(host_links_find(links, device.ifindex), vfs, count);
}

struct reading {
	struct host_links *links;
	int changed;
};

static int take_answer(const struct nlmsghdr *message, void *context)
{
	struct reading *reading = context;
	int result = message->nlmsg_type == RTM_NEWLINK ? take_full(message, reading->links) : 0;

	if (result < 0)
		return result;
	reading->changed |= result;
	return 0;
}

/* Reads one device, or (@ifindex 0) all. Returns 0 or -errno. */
static int read_links(struct reading *reading, int ifindex)
{
	struct ifinfomsg header = { .ifi_family = AF_UNSPEC, .ifi_index = ifindex };
	struct nl_msg *request =
		rtnetlink_message(RTM_GETLINK, ifindex ? 0 : NLM_F_DUMP, &header, sizeof(header));

	if (request)
		nla_put_u32(request, IFLA_EXT_MASK, RTEXT_FILTER_VF | RTEXT_FILTER_SKIP_STATS);
	return rtnetlink_request(reading->links->requests, request, take_answer, reading);
}

/* The same for one device that may be gone. */
static int refresh(struct reading *reading, int ifindex)
{
	int error = read_links(reading, ifindex);

	if (error != -ENODEV)
		return error;
	reading->changed |= host_links_remove(reading->links, ifindex);
	return 0;
}

static int resync(struct reading *reading)
{
	struct host_links *links = reading->links;
	int error = -EINTR;

	for (int attempt = 0; attempt < RTNETLINK_DUMP_ATTEMPTS && error == -EINTR; attempt++) {
		links->mark++;
		error = read_links(reading, 0);
	}
	links->incomplete = error != 0;
	for (size_t i = links->count; !error && i-- > 0;)
		if (links->list[i].seen != links->mark)
			reading->changed |= host_links_remove(links, links->list[i].device.ifindex);
	return error;
}

/* Returns 0 or -errno, with which the message counts as lost. */
static int take_link(struct reading *reading, const struct nlmsghdr *message)
{
	struct netdev device;
	int error = netdev_parse_link(message, message->nlmsg_len, &device);

	if (error)
		return error == -ENOMSG ? 0 : error;
	if (message->nlmsg_type == RTM_DELLINK) {
		reading->changed |= host_links_remove(reading->links, device.ifindex);
		return 0;
	}
	/* The notification has no VFs; that of a changed VF is about the PF (do_setvfinfo). */
	if (may_have_vfs(&device))
		return refresh(reading, device.ifindex);
	error = host_links_put(reading->links, &device);
	if (error < 0)
		return error;
	reading->changed |= error;
	return 0;
}

static void take_neighbour(const struct nlmsghdr *message, const struct host_links_events *events)
{
	static const struct nla_policy policy[NDA_MAX + 1] = {
		[NDA_LLADDR] = { .minlen = ETH_ALEN, .maxlen = ETH_ALEN },
	};
	struct nlattr *values[NDA_MAX + 1];
	struct host_station station;
	const struct ndmsg *entry;

	if (nlmsg_parse((struct nlmsghdr *)message, sizeof(*entry), values, NDA_MAX, policy) < 0)
		return;
	entry = nlmsg_data(message);
	if (entry->ndm_family != AF_BRIDGE || !values[NDA_LLADDR])
		return;
	station = (struct host_station){
		.port_ifindex = entry->ndm_ifindex,
		.is_own_list = entry->ndm_flags & NTF_SELF,
		.is_gone = message->nlmsg_type == RTM_DELNEIGH,
		.is_learned = !(entry->ndm_state & (NUD_PERMANENT | NUD_NOARP)),
	};
	memcpy(station.mac, nla_data(values[NDA_LLADDR]), ETH_ALEN);
	events->station(events->context, &station);
}

static int take_datagram(struct reading *reading, size_t length,
			 const struct host_links_events *events)
{
	struct nlmsghdr *message = (struct nlmsghdr *)reading->links->buffer;
	int left = (int)length, error = 0;

	for (; nlmsg_ok(message, left); message = nlmsg_next(message, &left)) {
		if (message->nlmsg_type == RTM_NEWLINK || message->nlmsg_type == RTM_DELLINK)
			error = take_link(reading, message) ? -ENOBUFS : error;
		else if (message->nlmsg_type == RTM_NEWNEIGH || message->nlmsg_type == RTM_DELNEIGH)
			take_neighbour(message, events);
	}
	return error;
}

static int receive(struct reading *reading, const struct host_links_events *events)
{
	struct host_links *links = reading->links;
	struct sockaddr_nl sender = { 0 };
	struct iovec vector = { .iov_base = links->buffer, .iov_len = sizeof(links->buffer) };
	struct msghdr header = { .msg_name = &sender,
				 .msg_namelen = sizeof(sender),
				 .msg_iov = &vector,
				 .msg_iovlen = 1 };
	ssize_t length = recvmsg(host_links_fd(links), &header, 0);

	if (length < 0)
		return errno == EINTR ? 0 : -errno;
	if (header.msg_flags & MSG_TRUNC)
		return -ENOBUFS;
	/* Another process, not the kernel. */
	return sender.nl_pid ? 0 : take_datagram(reading, (size_t)length, events);
}

int host_links_dispatch(struct host_links *links, const struct host_links_events *events)
{
	struct reading reading = { .links = links };
	int error = 0;

	for (int i = 0; i < DATAGRAMS_AT_ONCE && error != -EAGAIN; i++) {
		error = receive(&reading, events);
		if (!error || error == -EAGAIN)
			continue;
		links->incomplete = true;
		if (error != -ENOBUFS)
			return error;
	}
	if (!links->incomplete || error != -EAGAIN)
		return reading.changed;
	error = resync(&reading);
	return error ? error : reading.changed | HOST_LINKS_DEVICES | HOST_LINKS_RESYNCED;
}

int host_links_reread_vfs(struct host_links *links)
{
	struct reading reading = { .links = links };

	for (size_t i = links->count; i-- > 0;) {
		const struct netdev *device = &links->list[i].device;
		int error = may_have_vfs(device) ? refresh(&reading, device->ifindex) : 0;

		if (error)
			return error;
	}
	return reading.changed;
}

static int subscribe(struct host_links *links)
{
	int size = RECEIVE_BUFFER_BYTES, fd;

	nl_socket_disable_seq_check(links->notifications);
	errno = 0;
	if (nl_connect(links->notifications, NETLINK_ROUTE) < 0 ||
	    nl_socket_set_nonblocking(links->notifications) < 0)
		return errno ? -errno : -EIO;
	fd = host_links_fd(links);
	/* FORCE exceeds net.core.rmem_max; it needs CAP_NET_ADMIN in the initial user namespace. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	errno = 0;
	if (nl_socket_add_memberships(links->notifications, RTNLGRP_LINK, RTNLGRP_NEIGH, 0) < 0)
		return errno ? -errno : -EIO;
	return 0;
}

int host_links_new(struct host_links **ret)
{
	struct host_links *links = calloc(1, sizeof(*links));
	struct reading reading = { .links = links };
	int error;

	if (!links)
		return -ENOMEM;
	links->notifications = nl_socket_alloc();
	error = links->notifications ? subscribe(links) : -ENOMEM;
	if (!error)
		error = rtnetlink_open(&links->requests);
	if (!error)
		error = link_requests_new(&links->changes);
	if (!error)
		error = resync(&reading);
	if (error) {
		host_links_free(links);
		return error;
	}
	*ret = links;
	return 0;
}
