/* SPDX-License-Identifier: GPL-2.0-only */
/* link_requests: shared by the sources of link.h. */
#ifndef NETDEV_LINK_REQUESTS_H
#define NETDEV_LINK_REQUESTS_H

struct nl_sock;

struct link_requests {
	struct nl_sock *socket; /* blocking; also used for ioctls on devices */
};

#endif
