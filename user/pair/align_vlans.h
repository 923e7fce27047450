/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * align_vlans: a VF that filters VLANs in hardware accepts those that have a VLAN device on it. So
 * it gets a stub for each VLAN of the standby: a VLAN device that stays down and is recognised by
 * its name.
 */
#ifndef PAIR_ALIGN_VLANS_H
#define PAIR_ALIGN_VLANS_H

#include "netdev/link.h"
#include "netdev/netdev.h"

/*
 * At most this many stubs for the VLANs of a bridge: a trunk of thousands would be thousands of
 * devices.
 */
#define ALIGN_VLANS_OF_BRIDGE_MAX 256

/*
 * A call creates stubs for at most this long and leaves the rest to the next, because the agent
 * waits. The kernel needs 1 ms for a stub, in an emulated guest 10 ms.
 */
#define ALIGN_VLANS_AT_ONCE_NS 1000000000ULL

/* What a call of align_vlans did. */
struct align_vlans_done {
	bool has_added;  /* stubs, which the driver needs time to program */
	bool is_partial; /* the next call adds more */
};

/*
 * Adds stubs on @primary, if it filters VLANs, for the VLANs above @standby and for those that a
 * VLAN-filtering bridge allows on @standby. Removes the others. Sets *@ret_done. Returns 0 or the
 * first error; all are tried. -E2BIG: the bridge allows more than ALIGN_VLANS_OF_BRIDGE_MAX, and
 * gets no stubs.
 */
int align_vlans(struct link_requests *requests, const struct netdev_table *table,
		const struct netdev *standby, const struct netdev *primary,
		struct align_vlans_done *ret_done);

/* Removes all stubs. Returns as above. */
int align_vlans_undo(struct link_requests *requests, const struct netdev_table *table,
		     const struct netdev *primary);

#endif
