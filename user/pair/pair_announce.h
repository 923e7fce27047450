/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pair_announce: what is announced and logged about one pair, and when. Its two calls for other
 * rooms are in pair.h.
 */
#ifndef PAIR_PAIR_ANNOUNCE_H
#define PAIR_PAIR_ANNOUNCE_H

#include "pair/pair.h"

/*
 * Collects the frames for all stations of the pair: its owner, devices above it, and behind its
 * ports; and for the groups that the former have joined. Returns 0, -ENODEV without an owner, or
 * another -errno. Groups that cannot be read are logged, and the earlier ones stay.
 */
int pair_collect(struct world *world, struct pair *pair);

/*
 * Updates the announcer's copy, after every change of the frames or of the primary. Without memory,
 * the next step does it again.
 */
void pair_update_announcer(struct world *world, struct pair *pair);

/*
 * Sends @list on the wire of @path. Returns as announce_send, or -ENOTCONN if that device cannot
 * send.
 */
int pair_announce_list(const struct world *world, const struct pair *pair, enum vfsteer_path path,
		       const struct announcement *list);

/*
 * Called after pair_announce_switch, when all pairs' switchovers are announced, and before anything
 * that waits for RTNL: reads the groups, announces again if a group was missing, and asks stations.
 */
void pair_announce_late_groups(struct world *world, struct pair *pair);

/* Repeats the announcement when it is due. */
void pair_announce_again(struct world *world, struct pair *pair);

/* Notes the carrier of the standby. If it has returned, sends what could not be announced on it. */
void pair_follow_carrier(struct world *world, struct pair *pair, bool carrier);

#endif
