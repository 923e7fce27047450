/* SPDX-License-Identifier: GPL-2.0-only */
/* observe: what a pair's decision is made from: the device table, the map, and what the agent remembers of the primary. */
#ifndef PAIR_OBSERVE_H
#define PAIR_OBSERVE_H

#include "pair/pair.h"

/*
 * Takes note of what the device table shows of the primary: since when it has carrier, and from when on its driver is taken to receive what it was
 * asked to. When it begins to receive, twins are expected. Before each observe_view, after whatever may have changed the table.
 */
void observe_note(const struct world *world, struct pair *pair, uint64_t now_ns);

/*
 * Reads the primary anew (a request, which waits for RTNL), and logs when that begins and ceases to fail. False: what the table says of it may be
 * stale. It is not read while it is being torn down, since the request would wait until that is over. While netlink messages are missing, one
 * device's reading is not enough: the pair may have another primary by now.
 */
bool observe_read(struct world *world, struct pair *pair, struct vfsteer_state state);

/* Builds policy's view of the pair, with @state as its word. Changes nothing. @now_ns: CLOCK_BOOTTIME. .primary_is_read is false. */
struct policy_view observe_view(const struct world *world, const struct pair *pair, struct vfsteer_state state, uint64_t now_ns);

#endif
