/* SPDX-License-Identifier: GPL-2.0-only */
/* pair_announce: what the network and the log are told of one pair, and when. Its two calls for others are in pair.h. */
#ifndef PAIR_PAIR_ANNOUNCE_H
#define PAIR_PAIR_ANNOUNCE_H

#include "pair/pair.h"

/* Collects the frames for all that lives behind the pair: on its owner and above that, and behind its ports; and for the groups that the former
 * have joined. Returns 0, -ENODEV without an owner, or another -errno. Groups that cannot be read are told of, and the earlier ones stay. */
int pair_collect(struct world *world, struct pair *pair);

/* Gives the announcer its copy: after every change of the frames or of the primary. Without memory for it, the next step does it again. */
void pair_brief_announcer(struct world *world, struct pair *pair);

/* Sends @list on the wire of @path, if that can carry it. Returns as announce_send, or -ENOTCONN if it cannot. */
int pair_announce_list(const struct world *world, const struct pair *pair, enum vfsteer_path path, const struct announcement *list);

/* To be called after pair_announce_switch, before anything that waits for RTNL, and once all pairs' switches are announced: reads the groups, and
 * announces once more if the announcement lacked one. */
void pair_announce_late_groups(struct world *world, struct pair *pair);

/* Repeats the announcement if its time has come. */
void pair_announce_again(struct world *world, struct pair *pair);

/* The standby's wire has come back (@carrier): what could not be announced on it, or was forgotten, is said now. */
void pair_follow_carrier(struct world *world, struct pair *pair, bool carrier);

#endif
