/* SPDX-License-Identifier: GPL-2.0-only */
#include "pair/realign.h"
#include "base/crash_point.h"
#include "netdev/rtnetlink.h"
#include "pair/own_macs.h"
#include "pair/silence.h"

#include <errno.h>
#include <string.h>

#define PAIR_IPV6_MTU_MIN 1280

void pair_realign(struct world *world, struct pair *pair)
{
	const struct netdev *primary = netdev_by_index(world->table, pair->primary);
	const struct netdev *owner = pair_owner(world, pair);
	const char *what = NULL;
	uint32_t mtu;
	int error;

	pair->realign = false;
	if (!owner || !primary)
		return;
	mtu = primary->mtu;
	/* Unusable, hence left alone, until its MAC is the pair's again. */
	if (!pair->named && memcmp(primary->mac, owner->mac, ETH_ALEN))
		return;
	/*
	 * The same until it is up again: a device that is down lacks its own groups, which would be
	 * taken for ours.
	 */
	if (pair_slot(world, pair)->primary_is_shut)
		return;
	error = align_primary(pair->align, world->requests, world->table, owner, primary,
			      pair->kind, &what);
	crash_point("pair-aligned");
	if (!error) {
		error = own_macs_update(&world->pins, pair->slot, align_received(pair->align),
					owner->mac, &pair->own_macs);
		what = error ? "MACs above the owner, to recognise their echoes" : NULL;
	}
	pair->mtu_refused = error == -ERANGE;
	if (rtnetlink_may_pass(error)) {
		pair->realign = true;
		pair->retry_ns = pair_clock_ns() + PAIR_RETRY_NS;
	}
	/* At once, but after other events. */
	if (align_is_partial(pair->align)) {
		pair->realign = true;
		pair->retry_ns = pair_clock_ns();
	}
	/* IPv6 starts again on a device whose MTU rises to 1280. */
	if (mtu < PAIR_IPV6_MTU_MIN && owner->mtu >= PAIR_IPV6_MTU_MIN)
		silence_primary(world->requests, primary->name, primary->ifindex);
	pair_log_trouble(
		&pair->trouble, owner, primary,
		pair->mtu_refused
			? "refuses the standby's MTU, so it is not used; lower the standby's MTU"
			: what,
		pair->mtu_refused ? 0 : error);
	/* The table does not have the latest change before its notification. */
	netdev_refresh(world->table, pair->primary);
}

void pair_realign_standby(struct world *world, struct pair *pair)
{
	const struct netdev *owner = pair_owner(world, pair);
	const struct netdev *standby = netdev_by_index(world->table, pair->standby);
	const char *what = NULL;
	int error;

	if (pair->kind == KIND_PLAIN || !owner || !standby)
		return;
	error = align_standby(pair->standby_align, world->requests, owner, standby, &what);
	pair_log_trouble(&pair->standby_trouble, owner, standby, what, error);
}
