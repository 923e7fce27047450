/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * observe: the inputs of a decision: the device table, the map, and what the agent remembers of the
 * primary.
 */
#ifndef PAIR_OBSERVE_H
#define PAIR_OBSERVE_H

#include "pair/pair.h"

/*
 * Notes what the device table says about the primary: since when it has carrier, and from when on
 * its driver receives what was requested. When it starts to receive, twins are expected. Call it
 * before each observe_view, after any change of the table.
 */
void observe_note(const struct world *world, struct pair *pair, uint64_t now_ns);

/*
 * Reads the primary by a request, which waits for RTNL, and logs when that starts and stops
 * failing. False: what the table has may be stale. A primary that is being removed is not read,
 * since the request would wait for the end of the removal. While netlink messages are missing, a
 * read of one device is not enough: the pair may have another primary.
 */
bool observe_read(struct world *world, struct pair *pair, struct vfsteer_state state);

/*
 * Returns policy's view of the pair with @state as its word. Changes nothing. @now_ns:
 * CLOCK_BOOTTIME. .primary_is_read is false.
 */
struct policy_view observe_view(const struct world *world, const struct pair *pair,
				struct vfsteer_state state, uint64_t now_ns);

#endif
