/* SPDX-License-Identifier: GPL-2.0-only */
#include "policy/quiet.h"

#define QUIET_LOOKS 2

bool quiet_is_due(const struct quiet *quiet, uint64_t now_ns)
{
	return now_ns >= quiet->look_ns;
}

bool quiet_look(struct quiet *quiet, uint64_t tx_packets, uint64_t now_ns, uint64_t interval_ns,
		uint32_t random)
{
	uint64_t half_ns = interval_ns / QUIET_LOOKS;
	bool is_first = !quiet->look_ns;

	/* 90 to 110 %. */
	quiet->look_ns = now_ns + half_ns - half_ns / 10 + half_ns / 5 * (random % 1024) / 1024;
	quiet->looks = is_first || tx_packets != quiet->tx_packets ? 0 : quiet->looks + 1;
	quiet->tx_packets = tx_packets;
	if (quiet->looks < QUIET_LOOKS)
		return false;
	quiet->looks = 0;
	return true;
}
