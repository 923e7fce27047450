/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * align_vlans: a VF that filters VLANs in hardware takes those that have a VLAN device on it. So it gets one for each VLAN of the standby,
 * which stays down: a stub, known by its name. For align.c, and for whoever has
 * to tell stubs from other people's devices.
 */
#ifndef PAIR_ALIGN_VLANS_H
#define PAIR_ALIGN_VLANS_H

#include "netdev/link.h"
#include "netdev/netdev.h"

/* So many stubs are made for a bridge's VLANs. A trunk of thousands would be thousands of devices. */
#define ALIGN_VLANS_OF_BRIDGE_MAX 256

/*
 * A call makes stubs for this long, and leaves the rest to the next: the agent does nothing else
 * meanwhile. A stub takes the kernel a millisecond, in an emulated guest ten.
 */
#define ALIGN_VLANS_AT_ONCE_NS 1000000000ULL

/* What a call of align_vlans did. */
struct align_vlans_done {
	bool has_added;  /* stubs, which the driver has to be given time to program */
	bool is_partial; /* more are to be added, by the next call */
};

/*
 * Adds the stubs on @primary, if @primary filters VLANs, for the VLANs above @standby and for those
 * that a bridge which filters VLANs admits on @standby. Removes the others. Sets *@ret_done. Returns
 * 0 or the first error; all are tried. -E2BIG: the bridge admits more than
 * ALIGN_VLANS_OF_BRIDGE_MAX, and gets none.
 */
int align_vlans(struct link_requests *requests, const struct netdev_table *table, const struct netdev *standby,
		const struct netdev *primary, struct align_vlans_done *ret_done);

/* Removes all stubs. Likewise. */
int align_vlans_undo(struct link_requests *requests, const struct netdev_table *table, const struct netdev *primary);

#endif
