/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a pair's devices do for its ports, from the pair's side: port/uplinks.h takes a struct
 * uplinks_pair.
 */
#include "pair/pair.h"

#include <errno.h>

struct uplinks_pair pair_for_ports(struct pair *pair)
{
	return (struct uplinks_pair){
		.slot = pair->slot,
		.owner = pair->owner,
		.standby = pair->standby,
		.primary = pair->primary,
		.filtered = pair->filtered,
		.pair = pair,
		.uplinks = &pair->uplinks,
		.step_aside = pair_step_aside,
	};
}

int pair_update_uplinks(struct world *world, struct pair *pair)
{
	const struct uplinks_pair view = pair_for_ports(pair);
	bool changed;
	int error = uplinks_update(world, &view, &changed);

	if (changed)
		pair->realign = pair->due = pair->readdress = true;
	return error;
}

void pair_keep_uplinks(struct world *world, struct pair *pair)
{
	const struct uplinks_pair view = pair_for_ports(pair);

	if (uplinks_keep_place(world, &view) == -EEXIST && !uplinks_reload(world, &view))
		pair_update_uplinks(world, pair);
}

void pair_detach_uplinks(struct world *world, struct pair *pair)
{
	const struct uplinks_pair view = pair_for_ports(pair);

	uplinks_part(world, &view);
}
