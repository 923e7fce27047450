/* SPDX-License-Identifier: GPL-2.0-only */
/* link_requests: what the files behind link.h share. */
#ifndef NETDEV_LINK_REQUESTS_H
#define NETDEV_LINK_REQUESTS_H

struct nl_sock;

struct link_requests {
	struct nl_sock *socket; /* blocking; ioctls on devices use it, too */
};

#endif
