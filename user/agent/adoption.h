/* SPDX-License-Identifier: GPL-2.0-only */
/* adoption: what an earlier agent left in the pins, and what changed until this agent started. */
#ifndef AGENT_ADOPTION_H
#define AGENT_ADOPTION_H

#include "maps/pins.h"
#include "netdev/netdev.h"

/*
 * Called after adoption. Frees the slots of pairs in this namespace whose standby is no longer in
 * @table, and detaches their programs from the remaining devices. @network_namespace: its inode
 * number.
 */
void adoption_clear_dead_slots(const struct pins *pins, uint32_t network_namespace,
			       const struct netdev_table *table);

#endif
