/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * port_check: may this interface be a port of this pair? Pure. The reason is a text that names the
 * remedy.
 */
#ifndef POLICY_PORT_CHECK_H
#define POLICY_PORT_CHECK_H

#include "netdev/netdev.h"
#include "policy/options.h"

struct port_check {
	const struct options_port *requested;
	const struct netdev *device;	  /* the interface of the port; NULL: it does not exist */
	/* the pair that has, or is about to have, the device as primary; NULL: none */
	const char *primary_of;
	const char *master;		  /* of the device; NULL: none */
	const struct netdev *standby;	  /* of the pair; NULL: the pair does not exist */
	const char *standby_master;	  /* the same */
	/* behind the port; NULL: unknown. Not used for a passthrough port */
	const uint8_t *mac;
	const struct vfsteer_pair *pairs; /* as in the map */
	unsigned pair_count;
	const struct vfsteer_port *ports; /* the same, VFSTEER_MAX_PORTS; NULL: none yet */
	int number;			  /* number of the port itself; -1: it is new */
};

/*
 * Returns 0; or -errno, with "IFACE: why: what to do" in @text of @size bytes: -ENODEV: pair or
 * interface do not exist; -ENOSPC: no room; -EEXIST: a part of it is in use; -EBUSY: the interface
 * has another use; -EINVAL: it cannot be a port.
 */
int port_check(const struct port_check *check, char *text, size_t size);

#endif
