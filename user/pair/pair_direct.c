/* SPDX-License-Identifier: GPL-2.0-only */
#include "pair/pair_direct.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "pair/direct.h"

uint64_t pair_receive_directly(struct world *world, struct pair *pair)
{
	const struct netdev *standby = netdev_by_index(world->table, pair->standby);
	const struct netdev *primary = netdev_by_index(world->table, pair->primary);
	const struct netdev *owner = pair_owner(world, pair);
	struct vfsteer_pair *slot = pair_slot(world, pair);
	const char *refusal;

	if (!standby || !owner || (!pair->rx_direct && !slot->rx_direct))
		return 0;
	refusal = pair->rx_direct ? direct_refusal(world->table, owner) : "it is not asked for";
	if (!refusal && uplinks_has_passthrough(&pair->uplinks))
		refusal = "a passthrough port owns the pair's MAC";
	if (!refusal && slot->xdp_mirror == XDP_MIRROR_STANDBY)
		refusal = "it would bypass the generic XDP program on the standby";
	if (pair->rx_direct && refusal != pair->direct_refusal) {
		if (refusal)
			log_warning("%s: rx = direct is refused: %s; using rx = exact",
				    standby->name, refusal);
		pair->direct_refusal = refusal;
	}
	if (refusal && slot->rx_direct) {
		slot->rx_direct = 0;
		if (primary)
			direct_disable(primary->name);
	}
	if (!refusal && !slot->rx_direct && primary && pair->prepared) {
		int error = direct_enable(primary->name);

		crash_point("pair-direct-enabled");
		if (error)
			pair_log_trouble(&pair->trouble, standby, primary,
					 "cannot receive directly", error);
		slot->rx_direct = !error;
	}
	return pair_clock_ns() + PAIR_RETRY_NS;
}
