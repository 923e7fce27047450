/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bridged_groups: the multicast groups that stations behind bridges have joined, as these bridges
 * know them, and the routers there. One list serves all pairs.
 */
#ifndef ANNOUNCE_BRIDGED_GROUPS_H
#define ANNOUNCE_BRIDGED_GROUPS_H

#include "netdev/link.h"

#include <stdbool.h>
#include <stddef.h>

/* Zero-initialise it. */
struct bridged_groups {
	struct link_group *list; /* in the order of link_list_groups */
	size_t count;
	unsigned version; /* another one after each change; 0: never read */
	bool is_current;  /* the owner clears it when the list may be old */
};

/*
 * Reads the groups of all bridges, unless the list is current, and waits for RTNL. If that fails,
 * the earlier list stays, and is tried again at the next call: a kernel whose bridges do not snoop
 * has none.
 */
void bridged_groups_read(struct bridged_groups *groups, struct link_requests *requests);

/* Those behind one port (0: all of the bridge), and its routers: *ret_count elements. */
const struct link_group *bridged_groups_behind(const struct bridged_groups *groups, int bridge,
					       int port, size_t *ret_count);

void bridged_groups_free(struct bridged_groups *groups);

#endif
