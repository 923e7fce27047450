/* SPDX-License-Identifier: GPL-2.0-only */
/* link_requests: what the files behind link.h share. */
#ifndef NETDEV_LINK_REQUESTS_H
#define NETDEV_LINK_REQUESTS_H

#include <stddef.h>

struct nl_sock;

struct link_requests {
	struct nl_sock *socket; /* blocking; ioctls on devices use it, too */
};

/* Makes room in a list of @count elements for one more, of @element bytes. Returns 0 or -ENOMEM, with the list as it was. */
int link_make_room(void **list, size_t *size, size_t count, size_t element);

#endif
