/* SPDX-License-Identifier: GPL-2.0-only */
#include "pair/observe.h"
#include "base/log.h"

#include <linux/if.h>
#include <string.h>

/* Traffic stays on the standby in the meantime; nothing is lost. */
#define OBSERVE_SETTLE_NS 50000000ULL
/* link.h */
#define OBSERVE_OPER_UNKNOWN 0
#define OBSERVE_OPER_UP 6

/* Up, and not detached by its driver. */
static bool observe_runs(const struct world *world, const struct pair *pair,
			 const struct netdev *primary)
{
	return primary->flags & IFF_UP && !pair_slot(world, pair)->primary_is_detached;
}

/* With carrier, after the kernel's link work. */
static bool observe_carries(const struct netdev *primary)
{
	return primary->carrier && (primary->operstate == OBSERVE_OPER_UP ||
				    primary->operstate == OBSERVE_OPER_UNKNOWN);
}

void observe_note(const struct world *world, struct pair *pair, uint64_t now_ns)
{
	const struct netdev *primary = netdev_by_index(world->table, pair->primary);
	bool has_grown, vlans_have_grown, runs;

	if (!primary || !netdev_by_index(world->table, pair->standby))
		return;
	runs = observe_runs(world, pair, primary);
	has_grown = align_has_grown(pair->align);
	vlans_have_grown = align_vlans_have_grown(pair->align);
	/*
	 * A device above was added. Without a watch program on receive lists nothing else shows
	 * that.
	 */
	pair->readdress |= has_grown;
	/* Opening a device makes its driver program all filters, too. */
	if ((runs && pair->was_closed) || has_grown || vlans_have_grown)
		pair->receives_ns = now_ns + OBSERVE_SETTLE_NS;
	pair->was_closed = !runs;
	if (!runs || !primary->carrier) {
		pair->carrier_since_ns = 0;
	} else if (!pair->carrier_since_ns) {
		pair->carrier_since_ns = now_ns;
		/*
		 * A wire with new carrier may bring copies of the other's frames, later than the
		 * other; also before the kernel's link work.
		 */
		pins_expect_twins(&world->pins, pair->slot);
	}
}

bool observe_read(struct world *world, struct pair *pair, struct vfsteer_state state)
{
	const struct netdev *standby, *primary;
	int error;

	if (!pair->primary || state.primary == PRIMARY_LEAVING)
		return false;
	error = netdev_refresh(world->table, pair->primary);
	standby = netdev_by_index(world->table, pair->standby);
	primary = netdev_by_index(world->table, pair->primary);
	if (standby && primary && !error != !pair->read_error) {
		if (error)
			log_warning("%s: %s: its state cannot be read: %s; it is not made active "
				    "until that works again",
				    pair_slot(world, pair)->owner, primary->name, strerror(-error));
		else
			log_info("%s: %s: its state can be read again",
				 pair_slot(world, pair)->owner, primary->name);
		pair->read_error = error;
	}
	return !error && netdev_is_current(world->table);
}

/* A primary of the same MAC and MTU carries the pair's frames unchanged. */
static enum vfsteer_down_reason observe_mismatch(const struct pair *pair,
						 const struct netdev *standby,
						 const struct netdev *primary)
{
	if (!pair->named && memcmp(primary->mac, standby->mac, ETH_ALEN))
		return DOWN_OTHER_MAC;
	if (pair->mtu_refused)
		return DOWN_MTU_REFUSED;
	if (primary->mtu != standby->mtu)
		return DOWN_OTHER_MTU;
	return pair->placed.why[0] ? DOWN_HOOK : pair->unfit;
}

/*
 * Returns the time before which the primary is not made active: it failed, its driver may not
 * receive everything yet, or it is being changed.
 */
static uint64_t observe_retry_ns(const struct world *world, const struct pair *pair,
				 struct vfsteer_state state)
{
	const struct vfsteer_pair *slot = pair_slot(world, pair);
	uint64_t retry_ns =
		policy_retry_ns(state, slot->primary_failures, slot->last_switch_boot_ns);

	if (retry_ns < pair->receives_ns)
		retry_ns = pair->receives_ns;
	if (retry_ns < pair->aside_until_ns)
		retry_ns = pair->aside_until_ns;
	if (pair->qdisc.is_aside && retry_ns < pair->qdisc.due_ns)
		retry_ns = pair->qdisc.due_ns;
	return retry_ns;
}

struct policy_view observe_view(const struct world *world, const struct pair *pair,
				struct vfsteer_state state, uint64_t now_ns)
{
	const struct netdev *standby = netdev_by_index(world->table, pair->standby);
	const struct netdev *primary = netdev_by_index(world->table, pair->primary);
	const struct vfsteer_pair *slot = pair_slot(world, pair);
	struct policy_view view = {
		.state = state,
		.operator_asked = pair->operator_asked,
		.removal_cancelled = pair->removal_cancelled,
		.now_ns = now_ns,
		.leaving_since_ns =
			__atomic_load_n(&slot->primary_leaving_boot_ns, __ATOMIC_RELAXED),
		.leaving_settled_ns = pair->leaving_settled_ns,
		.primary_exists = primary,
		.primary_prepared = pair->prepared,
	};

	if (!primary || !standby)
		return view;
	view.standby_carrier = standby->carrier;
	view.mismatch = observe_mismatch(pair, standby, primary);
	view.primary_matches = view.mismatch == DOWN_NOT;
	view.primary_reach = pair->path.reach;
	view.primary_detached = slot->primary_is_detached;
	view.primary_running = observe_runs(world, pair, primary);
	view.primary_carrier = observe_carries(primary);
	view.carrier_since_ns = pair->carrier_since_ns;
	view.retry_ns = observe_retry_ns(world, pair, state);
	return view;
}
