/* SPDX-License-Identifier: GPL-2.0-only */
#include "pair/guard.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "pair/silence.h"
#include "policy/owners.h"

#include <errno.h>
#include <linux/if.h>
#include <string.h>

#define GUARD_ROUNDS_MAX 5
#define GUARD_ROUNDS_NS 10000000000ULL
#define GUARD_LOG_NS 10000000000ULL
#define GUARD_ADDRESSES_MAX 64 /* of one device, at once; the rest at the next look */

/* Repetitions within the time are not logged. */
static bool guard_is_due(uint64_t *logged_ns, uint64_t now_ns)
{
	if (*logged_ns && now_ns < *logged_ns + GUARD_LOG_NS)
		return false;
	*logged_ns = now_ns;
	return true;
}

static void guard_log_stripped(struct pair *pair, const struct netdev *standby,
			       const struct netdev *primary, const char *address, unsigned count)
{
	if (!guard_is_due(&pair->guard.logged_strip_ns, pair_clock_ns()))
		return;
	log_warning("%s: %s had the address %s%s, too: removed there, with its routes: a network "
		    "manager matches both by MAC: let it match %s by driver as well ([Match] "
		    "Driver=virtio_net), or exclude %s from it (Unmanaged=yes)",
		    standby->name, primary->name, address, count > 1 ? " and others" : "",
		    standby->name, primary->name);
}

unsigned guard_strip(struct world *world, struct pair *pair, const struct netdev *standby,
		     const struct netdev *primary)
{
	const struct netdev *owner = pair_owner(world, pair);
	struct owners_addresses addresses;
	char first[OWNERS_ADDRESS_SIZE];
	unsigned count = 0;

	for (int i = 0; owner && i < GUARD_ADDRESSES_MAX; i++) {
		const struct netdev_address *found;
		struct netdev_address address;
		int error;

		addresses.list = netdev_addresses(world->table, &addresses.count);
		found = owners_find(&addresses, primary, owner, OWNERS_SHARED);
		if (!found)
			break;
		address = *found;
		error = link_delete_address(world->requests, &address);
		crash_point("guard-address-taken");
		if (error && error != -EADDRNOTAVAIL)
			break;
		/* Its notification comes later: until then it would be found again. */
		netdev_forget_address(world->table, &address);
		if (error)
			continue;
		if (!count++)
			owners_write(&address, first);
	}
	if (count)
		guard_log_stripped(pair, standby, primary, first, count);
	return count;
}

static bool guard_silence(struct world *world, struct pair *pair, const struct netdev *standby,
			  const struct netdev *primary)
{
	bool with_ipv6 = world->pins.pairs[pair->slot].rx_direct;
	const char *broken;

	/* The table may not have the latest change yet. */
	if (!(primary->flags & IFF_NOARP)) {
		netdev_refresh(world->table, pair->primary);
		standby = netdev_by_index(world->table, pair->standby);
		primary = netdev_by_index(world->table, pair->primary);
		if (!standby || !primary)
			return false;
	}
	broken = silence_broken(primary->name, primary->flags, with_ipv6);
	if (!broken)
		return false;
	silence_primary(world->requests, primary->name, primary->ifindex);
	/* which has switched IPv6 off: see direct.h */
	world->pins.pairs[pair->slot].rx_direct = 0;
	if (broken != pair->guard.logged_broken ||
	    guard_is_due(&pair->guard.logged_silence_ns, pair_clock_ns())) {
		log_warning(
			"%s: another program turned %s on again on %s: turned off: a primary that "
			"sends by itself draws the network's frames for %s to it: exclude %s from "
			"the network manager (Unmanaged=yes)",
			standby->name, broken, primary->name, standby->name, primary->name);
		pair->guard.logged_silence_ns = pair_clock_ns();
	}
	pair->guard.logged_broken = broken;
	return true;
}

bool guard_keep(struct world *world, struct pair *pair, const struct netdev *standby,
		const struct netdev *primary)
{
	struct guard *guard = &pair->guard;
	uint64_t now_ns = pair_clock_ns();
	bool is_changed;

	if (!guard->due && primary->flags & IFF_NOARP && !primary->address_count)
		return true;
	guard->due = false;
	is_changed = guard_strip(world, pair, standby, primary) > 0;
	is_changed |= guard_silence(world, pair, standby, primary);
	if (!is_changed)
		return true;
	if (now_ns > guard->rounds_since_ns + GUARD_ROUNDS_NS) {
		guard->rounds_since_ns = now_ns;
		guard->rounds = 0;
	}
	return ++guard->rounds <= GUARD_ROUNDS_MAX;
}
