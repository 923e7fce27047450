/* SPDX-License-Identifier: GPL-2.0-only */
/* host_taps: the taps of all namespaces, and the packet socket on each that receives signals. */
#ifndef HOST_HOST_TAPS_H
#define HOST_HOST_TAPS_H

#include "host/host_state.h"

/*
 * Makes the taps those that the tables of devices have: opens and closes packet sockets, follows
 * names, MACs, bridges and carrier. Then guests and entries follow.
 */
void host_taps_rescan(struct host *host);

/* NULL: there is none. */
struct host_tap *host_taps_find(const struct host *host, const struct host_place *place,
				int ifindex);

/* Removes all taps, without touching entries. */
void host_taps_close(struct host *host);

/*
 * 'vfsteer-host allow': @mac may be spoken for by the device @name of the namespace @place as long
 * as that device exists; with @forbid no longer. Returns 0, -ENODEV, -ENOENT (@forbid: it was not
 * allowed) or another -errno. Kept below host->run_directory for the next process.
 */
int host_taps_allow(struct host *host, const char *place, const char *name,
		    const uint8_t mac[ETH_ALEN], bool forbid);

/* The same without keeping it. @ifindex: which device must have the name; 0: any. */
int host_taps_change_allowed(struct host *host, const char *place, int ifindex, const char *name,
			     const uint8_t mac[ETH_ALEN], bool forbid);

/* Reads what an earlier process kept; for devices that still exist. */
void host_taps_read_allowed(struct host *host);

#endif
