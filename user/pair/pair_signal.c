/* SPDX-License-Identifier: GPL-2.0-only */
#include "pair/pair_signal.h"

#include <string.h>

void pair_signal(const struct world *world, const struct pair *pair)
{
	const struct vfsteer_pair *slot = pair_slot(world, pair);
	struct host_signals_pair reported = { .kind = pair->kind };

	if (!uplinks_has_passthrough(&pair->uplinks))
		reported.standby = pair->standby;
	memcpy(reported.mac, slot->mac_address, sizeof(reported.mac));
	host_signals_set(world->signals, pair->slot, &reported);
}

void pair_signal_end(const struct world *world, const struct pair *pair)
{
	const struct host_signals_pair none = { 0 };

	host_signals_set(world->signals, pair->slot, &none);
}
