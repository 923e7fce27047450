/* SPDX-License-Identifier: GPL-2.0-only */
#include "datapath/drain_read.h"
#include "netdev/in_flight.h"

#include <errno.h>
#include <net/if.h>

int drain_read(const struct pins *pins, unsigned slot, struct link_requests *requests,
	       struct drain_sample *ret)
{
	const struct vfsteer_pair *pair = &pins->pairs[slot];
	unsigned primary = __atomic_load_n(&pair->primary_ifindex, __ATOMIC_ACQUIRE);
	bool is_leaving = pins_state(pins, slot).primary == PRIMARY_LEAVING;
	struct drain_sample sample = {
		.standby_carries = __atomic_load_n(&pair->standby_has_carrier, __ATOMIC_RELAXED),
	};
	struct vfsteer_counters counters;
	struct in_flight in_flight;
	char name[IF_NAMESIZE];
	int error;

	/* Without an agent the map may still name a primary that is gone. */
	sample.has_primary = primary && if_indextoname(primary, name);
	if (sample.has_primary) {
		error = in_flight_read(requests, (int)primary, name, !is_leaving, &in_flight);
		if (!error)
			error = pins_counters(pins, slot, &counters);
		if (error)
			return error;
		sample.queued = in_flight.bytes + in_flight.packets;
		sample.sent = in_flight.sent + counters.tx_primary_packets;
		sample.received_alone = counters.rx_primary_packets -
					counters.rx_primary_group_packets -
					counters.drop_twin_standby_packets;
	}
	*ret = sample;
	return 0;
}
