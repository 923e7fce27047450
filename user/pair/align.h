/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * align: makes the primary receive what the standby receives: MTU, unicast and multicast lists, promiscuity,
 * VLAN filters. Called when a primary joins and again whenever the standby changes; does nothing where all is alike.
 */
#ifndef PAIR_ALIGN_H
#define PAIR_ALIGN_H

#include "netdev/link.h"
#include "netdev/mac_list.h"
#include "netdev/netdev.h"

struct align; /* what was added to one primary, so that it can be taken away again */

int align_new(struct align **ret);
void align_free(struct align *align); /* takes NULL; leaves the device as it is */

/*
 * Aligns @primary with @standby. @align remembers across calls for the same primary; a different primary's ifindex
 * starts it anew. Only the MTU is indispensable: on failure of the rest the call goes on, and returns the first error.
 * Returns 0; -ERANGE when the device refuses the standby's MTU (it must then not become active); or another -errno
 * with *ret_what (static string: "multicast list", "promiscuity", "VLAN filters" …) naming what failed.
 */
int align_primary(struct align *align, struct link_requests *requests, const struct netdev_table *table,
		  const struct netdev *standby, const struct netdev *primary, const char **ret_what);

/* What the standby received when align_primary read it last; lives as long as @align, until the next call of that. */
const struct mac_list *align_received(const struct align *align);

/*
 * Has align_primary asked the primary to receive more since the last call of this? Its driver may still be at it when the request has
 * returned: virtio_net programs its filters in a work of its own (virtnet_rx_mode_work, since Linux 6.7), iavf asks the PF to.
 */
bool align_has_grown(struct align *align);

/* Whether the last align_primary has left VLANs to the next call. */
bool align_is_partial(const struct align *align);

/* The same as align_has_grown of VLANs, and true while align_is_partial is. */
bool align_vlans_have_grown(struct align *align);

/*
 * Takes what @primary has now for added by an earlier align_primary: its promiscuity and all of its receive lists but what
 * the kernel joins itself. For a primary that was found aligned, by a restarted agent or by `unload`. Returns 0 or -errno.
 */
int align_adopt(struct align *align, struct link_requests *requests, const struct netdev *primary);

/* Takes away what align_primary added (lists, promiscuity, VLAN devices) from @primary. For `unload`. VLAN
 * devices are known by their name. Returns 0 or -errno. */
int align_undo(struct align *align, struct link_requests *requests, const struct netdev_table *table,
	       const struct netdev *primary);

#endif
