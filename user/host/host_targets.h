/* SPDX-License-Identifier: GPL-2.0-only */
/* host_targets: the PFs that a MAC is shared with. Pure, over the table of devices. */
#ifndef HOST_HOST_TARGETS_H
#define HOST_HOST_TARGETS_H

#include "host/host_links.h"

#define HOST_TARGETS_MAX 8

struct host_sought {
	const uint8_t *mac;
	int bridge;	/* ifindex of the tap's bridge in this namespace; 0: unknown */
	const char *pf; /* the configured PF; empty: find it */
	bool ahead;	/* also PFs of the bridge of which no VF has the MAC */
};

struct host_targets {
	size_t count;
	int ifindexes[HOST_TARGETS_MAX];
};

/*
 * Finds the PFs of which a VF has the MAC. If some of them lead to the tap's bridge (themselves or
 * by a bond, and by the VLAN of the VF), only those count.
 */
void host_targets_find(const struct host_links *links, const struct host_sought *sought,
		       struct host_targets *ret);

/*
 * Do frames that the PF @pf receives in the VLAN @vlan_id (0: untagged or unknown) reach @bridge?
 * The PF or the bond above it is a port, or a VLAN device above them.
 */
bool host_targets_reaches(const struct host_links *links, int pf, uint16_t vlan_id, int bridge);

#endif
