/* SPDX-License-Identifier: GPL-2.0-only */
#include "netdev/netdev.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "netdev/netdev_parse.h"
#include "netdev/netdev_place.h"
#include "netdev/netdev_table.h"
#include "netdev/rtnetlink.h"

#define RECEIVE_BUFFER_DEFAULT (4 * 1024 * 1024)
/* Per netdev_dispatch, so that a storm of messages does not block the event loop. */
#define DATAGRAMS_AT_ONCE 4096

/*
 * IPv6 sends a message about a device when it comes up there and when its settings change. A bridge
 * sends one about a port when VLANs were added or removed (`bridge vlan`), or its state changed.
 */
static int take_family(struct netdev_table *table, const struct nlmsghdr *message)
{
	const struct ifinfomsg *header = nlmsg_data(message);
	struct netdev *device;

	if (!nlmsg_valid_hdr(message, sizeof(*header)))
		return 0;
	device = netdev_device_find(table, header->ifi_index);
	if (device && header->ifi_family == AF_INET6) {
		device->ipv6_changed = true;
		return NETDEV_IPV6;
	}
	if (device && header->ifi_family == AF_BRIDGE) {
		device->changed = true;
		return NETDEV_STATE;
	}
	return 0;
}

static int take_link(struct netdev_table *table, const struct nlmsghdr *message)
{
	const struct netdev *known;
	struct netdev device;
	int error = netdev_parse_link(message, message->nlmsg_len, &device);

	if (error)
		return error == -ENOMSG ? take_family(table, message) : error;
	/* A device that moves to another namespace is deleted here, too. */
	if (message->nlmsg_type == RTM_DELLINK)
		return netdev_device_remove(table, device.ifindex);
	known = netdev_device_find(table, device.ifindex);
	if (known && known->driver[0] && strcmp(known->name, device.name) == 0) {
		memcpy(device.driver, known->driver, sizeof(device.driver));
		memcpy(device.bus, known->bus, sizeof(device.bus));
		memcpy(device.pci_address, known->pci_address, sizeof(device.pci_address));
		memcpy(device.pci_slot, known->pci_slot, sizeof(device.pci_slot));
		memcpy(device.pci_port, known->pci_port, sizeof(device.pci_port));
	} else {
		netdev_place(nl_socket_get_fd(table->requests), &device);
	}
	device.seen = table->mark;
	return netdev_device_put(table, &device);
}

static int take_address(struct netdev_table *table, const struct nlmsghdr *message)
{
	struct netdev_address address;
	int error = netdev_parse_address(message, message->nlmsg_len, &address);

	if (error)
		return error == -ENOMSG ? 0 : error;
	if (message->nlmsg_type == RTM_DELADDR)
		return netdev_address_remove(table, &address);
	address.seen = table->mark;
	return netdev_address_put(table, &address);
}

static int take_tc(struct netdev_table *table, const struct nlmsghdr *message)
{
	const struct tcmsg *tc = NLMSG_DATA(message);
	struct netdev *device;

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*tc)))
		return 0;
	device = netdev_device_find(table, tc->tcm_ifindex);
	if (device)
		device->requeued = true;
	return device ? NETDEV_QDISCS : 0;
}

static int take(struct netdev_table *table, const struct nlmsghdr *message)
{
	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return take_link(table, message);
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return take_address(table, message);
	case RTM_NEWQDISC:
	case RTM_DELQDISC:
	case RTM_NEWTFILTER:
	case RTM_DELTFILTER:
		return NETDEV_FILTERS | take_tc(table, message);
	case RTM_NEWTCLASS:
	case RTM_DELTCLASS:
		return take_tc(table, message);
	default:
		return 0;
	}
}

static int take_answer(const struct nlmsghdr *answer, void *context)
{
	int result = take(context, answer);

	return result < 0 ? result : 0;
}

static struct nl_msg *link_request(int flags, int ifindex)
{
	struct ifinfomsg header = { .ifi_family = AF_UNSPEC, .ifi_index = ifindex };
	struct nl_msg *request = rtnetlink_message(RTM_GETLINK, flags, &header, sizeof(header));

	/* Statistics are half of each message, and the kernel asks the driver for them. */
	if (request)
		nla_put_u32(request, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return request;
}

static struct nl_msg *address_request(void)
{
	struct ifaddrmsg header = { .ifa_family = AF_UNSPEC };

	return rtnetlink_message(RTM_GETADDR, NLM_F_DUMP, &header, sizeof(header));
}

/* Dumps everything, with mark and sweep. Returns 0 or -errno (then nothing is removed). */
static int resync(struct netdev_table *table)
{
	int error = -EINTR;

	for (int attempt = 0; attempt < RTNETLINK_DUMP_ATTEMPTS && error == -EINTR; attempt++) {
		table->mark++;
		error = rtnetlink_request(table->requests, link_request(NLM_F_DUMP, 0), take_answer,
					  table);
		if (!error)
			error = rtnetlink_request(table->requests, address_request(), take_answer,
						  table);
	}
	table->incomplete = error != 0;
	if (!error)
		netdev_sweep(table);
	return error;
}

static int subscribe(struct netdev_table *table, int receive_buffer_bytes)
{
	int fd;

	nl_socket_disable_seq_check(table->notifications);
	errno = 0;
	if (nl_connect(table->notifications, NETLINK_ROUTE) < 0 ||
	    nl_socket_set_nonblocking(table->notifications) < 0)
		return errno ? -errno : -EIO;
	fd = nl_socket_get_fd(table->notifications);
	/* FORCE exceeds net.core.rmem_max; it needs CAP_NET_ADMIN in the initial user namespace. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer_bytes,
		       sizeof(receive_buffer_bytes)) < 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes,
		       sizeof(receive_buffer_bytes)) < 0)
		return -errno;
	errno = 0;
	if (nl_socket_add_memberships(table->notifications, RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR,
				      RTNLGRP_IPV6_IFADDR, RTNLGRP_TC, RTNLGRP_IPV6_IFINFO, 0) < 0)
		return errno ? -errno : -EIO;
	return 0;
}

int netdev_table_new(struct netdev_table **ret, size_t receive_buffer_bytes)
{
	struct netdev_table *table = calloc(1, sizeof(*table));
	int error;

	if (!table)
		return -ENOMEM;
	if (receive_buffer_bytes == 0 || receive_buffer_bytes > INT32_MAX)
		receive_buffer_bytes = RECEIVE_BUFFER_DEFAULT;
	table->notifications = nl_socket_alloc();
	error = table->notifications ? subscribe(table, (int)receive_buffer_bytes) : -ENOMEM;
	if (!error)
		error = rtnetlink_open(&table->requests);
	if (!error)
		error = resync(table);
	if (error) {
		netdev_table_free(table);
		return error;
	}
	*ret = table;
	return 0;
}

void netdev_table_free(struct netdev_table *table)
{
	if (!table)
		return;
	nl_socket_free(table->notifications);
	nl_socket_free(table->requests);
	free(table->devices);
	free(table->addresses);
	free(table);
}

int netdev_fd(const struct netdev_table *table)
{
	return nl_socket_get_fd(table->notifications);
}

bool netdev_is_current(const struct netdev_table *table)
{
	return !table->incomplete;
}

int netdev_refresh(struct netdev_table *table, int ifindex)
{
	int error =
		rtnetlink_request(table->requests, link_request(0, ifindex), take_answer, table);
	struct netdev *device;

	if (error == -ENODEV) {
		netdev_device_remove(table, ifindex);
		error = 0;
	}
	device = netdev_device_find(table, ifindex);
	if (device) {
		device->reread = true;
		device->overtaken = false;
	}
	return error;
}

int netdev_refresh_name(struct netdev_table *table, const char *name)
{
	struct nl_msg *request = link_request(NLM_F_ACK, 0);
	int error;

	if (request && nla_put_string(request, IFLA_ALT_IFNAME, name) < 0) {
		nlmsg_free(request);
		return -EMSGSIZE;
	}
	error = rtnetlink_request(table->requests, request, take_answer, table);
	return error == -EINVAL ? -ENODEV : error;
}

/*
 * Parses the @length bytes of a datagram in table->buffer. Returns 0 and adds the changes to
 * *changed, or -ENOBUFS.
 */
static int take_datagram(struct netdev_table *table, size_t length, int *changed)
{
	struct nlmsghdr *message = (struct nlmsghdr *)table->buffer;
	int left = (int)length;

	for (; nlmsg_ok(message, left); message = nlmsg_next(message, &left)) {
		int result = take(table, message);

		if (result < 0)
			return -ENOBUFS; /* malformed or no memory: handle it as lost */
		*changed |= result;
	}
	return 0;
}

/*
 * Reads one datagram. Returns 0 and adds the changes to *changed, -EAGAIN at the end, -ENOBUFS if
 * messages were lost, or another -errno. With any error, messages may be lost: the kernel reports
 * its own failure to allocate one by a socket error (rtnl_set_sk_err), which reading clears.
 */
static int receive(struct netdev_table *table, int *changed)
{
	struct sockaddr_nl sender = { 0 };
	struct iovec vector = { .iov_base = table->buffer, .iov_len = sizeof(table->buffer) };
	struct msghdr header = { .msg_name = &sender,
				 .msg_namelen = sizeof(sender),
				 .msg_iov = &vector,
				 .msg_iovlen = 1 };
	ssize_t length = recvmsg(netdev_fd(table), &header, 0);

	if (length < 0)
		return errno == EINTR ? 0 : -errno;
	if (header.msg_flags & MSG_TRUNC)
		return -ENOBUFS;
	if (sender.nl_pid != 0) /* another process, not the kernel */
		return 0;
	return take_datagram(table, (size_t)length, changed);
}

/*
 * Entries read by netdev_refresh are newer than notifications that were pending then. Carrier
 * changes are delayed up to a second, so such an old notification could be the last. Devices
 * changed by one are read again, and only those: with many pairs, many devices are read each
 * second.
 */
static void reread(struct netdev_table *table, bool is_drained)
{
	for (size_t i = table->device_count; i-- > 0;) {
		/* A device that cannot be read is handled as lost. */
		if (table->devices[i].overtaken && netdev_refresh(table, table->devices[i].ifindex))
			table->incomplete = true;
		if (i < table->device_count && is_drained)
			table->devices[i].reread = table->devices[i].overtaken = false;
	}
}

int netdev_dispatch(struct netdev_table *table)
{
	int changed = 0, error = 0;

	for (int i = 0; i < DATAGRAMS_AT_ONCE && error != -EAGAIN; i++) {
		error = receive(table, &changed);
		if (!error || error == -EAGAIN)
			continue;
		table->incomplete = true;
		/* A socket that fails repeatedly would keep the caller here. */
		if (error != -ENOBUFS)
			return error;
	}
	reread(table, error == -EAGAIN);
	/*
	 * After an overrun the kernel queues nothing until all is read, and reports no further loss
	 * (NETLINK_S_CONGESTED). An earlier dump could miss changes.
	 */
	if (!table->incomplete || error != -EAGAIN)
		return changed;
	error = resync(table);
	return error ? error
		     : changed | NETDEV_LINKS | NETDEV_ADDRESSES | NETDEV_FILTERS | NETDEV_RESYNCED;
}
