/* SPDX-License-Identifier: GPL-2.0-only */
#include "port/port_peer.h"
#include "netdev/link.h"
#include "netdev/rtnetlink.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/ethtool.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/socket.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int take_id(const struct nlmsghdr *answer, void *context)
{
	struct nlattr *values[NETNSA_MAX + 1];

	if (nlmsg_parse((struct nlmsghdr *)answer, sizeof(struct rtgenmsg), values, NETNSA_MAX,
			NULL) >= 0 &&
	    values[NETNSA_NSID])
		*(int *)context = nla_get_s32(values[NETNSA_NSID]);
	return 0;
}

/* Returns this namespace's number for the namespace @fd, or -1. */
static int namespace_id(struct nl_sock *socket, int fd)
{
	struct rtgenmsg header = { .rtgen_family = AF_UNSPEC };
	struct nl_msg *request = rtnetlink_message(RTM_GETNSID, NLM_F_ACK, &header, sizeof(header));
	int id = -1;

	if (request && nla_put_u32(request, NETNSA_FD, (uint32_t)fd) < 0) {
		nlmsg_free(request);
		return -1;
	}
	return rtnetlink_request(socket, request, take_id, &id) ? -1 : id;
}

/*
 * Searches <directory>/ENTRY<suffix> for each entry that @is_wanted accepts (NULL: all). Returns a
 * descriptor or -ESRCH.
 */
static int find_below(struct nl_sock *socket, int id, const char *directory, const char *suffix,
		      int (*is_wanted)(int))
{
	DIR *stream = opendir(directory);
	struct dirent *entry;
	int found = -ESRCH;

	while (stream && found < 0 && (entry = readdir(stream))) {
		char path[PATH_MAX];
		int fd;

		if (entry->d_name[0] == '.' ||
		    (is_wanted && !is_wanted((unsigned char)entry->d_name[0])))
			continue;
		snprintf(path, sizeof(path), "%s/%s%s", directory, entry->d_name, suffix);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (namespace_id(socket, fd) == id)
			found = fd;
		else
			close(fd);
	}
	if (stream)
		closedir(stream);
	return found;
}

/* Searches named namespaces, then those of processes. Returns a descriptor or -errno. */
static int find_namespace(int id)
{
	struct nl_sock *socket;
	int found, error = rtnetlink_open(&socket);

	if (error)
		return error;
	found = find_below(socket, id, "/run/netns", "", NULL);
	if (found < 0)
		found = find_below(socket, id, "/proc", "/ns/net", isdigit);
	nl_socket_free(socket);
	return found;
}

static int turn_gro_on(int ifindex)
{
	struct ethtool_value value = { .cmd = ETHTOOL_SGRO, .data = 1 };
	struct ifreq request = { .ifr_data = (void *)&value };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), error = 0;

	if (fd < 0)
		return -errno;
	if (!if_indextoname((unsigned)ifindex, request.ifr_name) ||
	    ioctl(fd, SIOCETHTOOL, &request))
		error = -errno;
	close(fd);
	return error;
}

/* Forks: the calling process stays in its namespace. */
static int turn_gro_on_in(int namespace_fd, int ifindex)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		return -errno;
	if (!child) {
		int error = setns(namespace_fd, CLONE_NEWNET) ? -errno : turn_gro_on(ifindex);

		_exit(-error);
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

int port_peer_turn_gro_on(const char *name)
{
	struct link_requests *requests;
	struct link_peer peer;
	int error = link_requests_new(&requests), fd;

	if (error)
		return error;
	error = link_get_peer(requests, (int)if_nametoindex(name), &peer);
	link_requests_free(requests);
	if (error)
		return error == -ENODEV ? 0 : error;
	if (peer.namespace_id == LINK_SAME_NAMESPACE)
		return turn_gro_on(peer.ifindex);
	fd = find_namespace(peer.namespace_id);
	if (fd < 0)
		return fd;
	error = turn_gro_on_in(fd, peer.ifindex);
	close(fd);
	return error;
}
