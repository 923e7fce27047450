/* SPDX-License-Identifier: GPL-2.0-only */
/* port_check: may this interface be a port of this pair? Pure, and the reason in words that say what to do. */
#ifndef POLICY_PORT_CHECK_H
#define POLICY_PORT_CHECK_H

#include "netdev/netdev.h"
#include "policy/options.h"

struct port_check {
	const struct options_port *wish;
	const struct netdev *device;	  /* that is to be the port; NULL: there is none */
	const char *primary_of;		  /* the pair whose primary the device is, or is about to be; NULL: none */
	const char *master;		  /* what it is enslaved to; NULL: nothing */
	const struct netdev *standby;	  /* of the pair; NULL: no such pair */
	const char *standby_master;	  /* likewise */
	const uint8_t *mac;		  /* behind the port; NULL: not known. Of no meaning for a passthrough port */
	const struct vfsteer_pair *pairs; /* as they stand in the map */
	unsigned pair_count;
	const struct vfsteer_port *ports; /* likewise, VFSTEER_MAX_PORTS; NULL: none yet */
	int number;			  /* the port's own among these; -1: it is new */
};

/* Returns 0; or -errno, with "IFACE: why: what to do" in @text, of @size bytes: -ENODEV when pair or interface are not there, -ENOSPC for
 * want of room, -EEXIST when something of it is taken, -EBUSY when it serves something else, -EINVAL when it can be no port. */
int port_check(const struct port_check *check, char *text, size_t size);

#endif
