/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * align: makes the primary receive what the standby receives: MTU, unicast and multicast lists,
 * promiscuity, VLAN filters. Called when a primary joins, and after each change of the standby.
 * Does nothing if both are equal.
 */
#ifndef PAIR_ALIGN_H
#define PAIR_ALIGN_H

#include "netdev/link.h"
#include "netdev/mac_list.h"
#include "netdev/netdev.h"
#include "vfsteer.h"

struct align; /* what was added to one primary, so that it can be removed again */

int align_new(struct align **ret);
void align_free(struct align *align); /* accepts NULL; does not change the device */

/*
 * Aligns @primary with @owner, the device with the addresses. A master of net_failover passes on
 * MTU, lists and VLANs itself; then only promiscuity is aligned. @align remembers its additions
 * across calls for one primary; another ifindex resets it. Only the MTU is essential: after another
 * failure the call continues and returns the first error. Returns 0; -ERANGE if the device refuses
 * the owner's MTU (it must not become active); or another -errno, with *ret_what (static string:
 * "multicast list", "promiscuity", "VLAN filters" …) for what failed.
 */
int align_primary(struct align *align, struct link_requests *requests,
		  const struct netdev_table *table, const struct netdev *owner,
		  const struct netdev *primary, enum vfsteer_kind kind, const char **ret_what);

/*
 * Returns what the owner received at the last align_primary; valid until the next call of that, or
 * align_free.
 */
const struct mac_list *align_received(const struct align *align);

/*
 * Did align_primary add anything to the primary's lists since the last call of this? The driver may
 * still program it after the request has returned: virtio_net has a work item for it
 * (virtnet_rx_mode_work, since Linux 6.7), iavf asks the PF.
 */
bool align_has_grown(struct align *align);

/* Did the last align_primary leave VLANs to the next call? */
bool align_is_partial(const struct align *align);

/* Like align_has_grown, for VLANs; true while align_is_partial is. */
bool align_vlans_have_grown(struct align *align);

/*
 * Treats what @primary has now as added by an earlier align_primary: its promiscuity, and its
 * receive lists except what the kernel joins. For a primary that was already aligned, found by a
 * restarted agent or by `unload`. Returns 0 or -errno.
 */
int align_adopt(struct align *align, struct link_requests *requests, const struct netdev *primary,
		enum vfsteer_kind kind);

/*
 * Aligns the promiscuity of the standby of a net_failover pair. @align is not that of the primary.
 * Returns 0 or -errno, with *ret_what as above.
 */
int align_standby(struct align *align, struct link_requests *requests, const struct netdev *owner,
		  const struct netdev *standby, const char **ret_what);

/*
 * Removes from @primary what align_primary added (lists, promiscuity, VLAN devices), for `unload`.
 * VLAN devices are recognised by their name. Returns 0 or -errno.
 */
int align_undo(struct align *align, struct link_requests *requests,
	       const struct netdev_table *table, const struct netdev *primary);

#endif
