/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * align_vlans: a VF that filters VLANs in hardware takes those that have a VLAN device on it. So it gets one for each VLAN of the standby,
 * which stays down: a stub, known by its name. For align.c only.
 */
#ifndef ALIGN_VLANS_H
#define ALIGN_VLANS_H

#include "link.h"
#include "netdev.h"

/* Adds the stubs that the VLANs above @standby need on @primary, if that filters VLANs, and removes the others. Returns 0 or the first
 * error; all are tried. */
int align_vlans(struct link_requests *requests, const struct netdev_table *table, const struct netdev *standby,
		const struct netdev *primary);

/* Removes all stubs. Likewise. */
int align_vlans_undo(struct link_requests *requests, const struct netdev_table *table, const struct netdev *primary);

#endif
