/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * host_entries: the MACs that are shared with PFs: entries of the PFs' receive lists (`bridge fdb
 * add MAC dev PF self`). An entry that was there before is used and never removed.
 */
#ifndef HOST_HOST_ENTRIES_H
#define HOST_HOST_ENTRIES_H

#include "host/host_state.h"

/*
 * Opens the journal below host->run_directory and adopts the entries that an earlier process left.
 * Needs the taps. Returns 0 or -errno.
 */
int host_entries_open(struct host *host);

/* Makes the entries of @mac, or of all MACs, what the guests need. Failures are retried. */
void host_entries_apply(struct host *host, const uint8_t mac[ETH_ALEN]);
void host_entries_apply_all(struct host *host);

/* Tries again what failed, if its time has come. */
void host_entries_retry(struct host *host);

/* A PF's receive list changed: an entry of ours may have been deleted by another. */
void host_entries_note(struct host *host, const struct host_station *station);

/* Ends. Removes all entries, unless @is_kept: the next process adopts them. */
void host_entries_close(struct host *host, bool is_kept);

#endif
