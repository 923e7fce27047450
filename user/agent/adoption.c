/* SPDX-License-Identifier: GPL-2.0-only */
#include "agent/adoption.h"
#include "datapath/steer.h"
#include "maps/slot.h"
#include "netdev/link.h"
#include "netdev/qdisc.h"

static void adoption_take_back_qdisc(const struct vfsteer_pair *slot)
{
	struct link_requests *requests;

	if (!slot->primary_qdisc || link_requests_new(&requests))
		return;
	qdisc_take_back(requests, (int)slot->primary_ifindex, slot->primary_qdisc);
	link_requests_free(requests);
}

void adoption_clear_dead_slots(const struct pins *pins, uint32_t network_namespace,
			       const struct netdev_table *table)
{
	for (unsigned i = 0; i < VFSTEER_MAX_PAIRS; i++) {
		struct vfsteer_pair *slot = &pins->pairs[i];

		if (!slot_is_dead(slot, network_namespace, table))
			continue;
		adoption_take_back_qdisc(slot);
		/*
		 * Its program would continue to redirect the primary's frames to a device that is
		 * gone.
		 */
		if (slot->primary_ifindex)
			steer_detach_primary(pins, i, slot->primary_ifindex);
		steer_detach_owner(pins, i);
		slot_clear(pins, i);
	}
}
