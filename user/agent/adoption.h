/* SPDX-License-Identifier: GPL-2.0-only */
/* adoption: what an earlier agent left in the pins and what became of it meanwhile. */
#ifndef AGENT_ADOPTION_H
#define AGENT_ADOPTION_H

#include "maps/pins.h"
#include "netdev/netdev.h"

/* Frees the slots of pairs in this namespace whose standby is not in @table any more, and takes their programs from what is left of
 * them. For after adoption: nobody was there to see it leave. */
void adoption_clear_dead_slots(const struct pins *pins, uint32_t network_namespace, const struct netdev_table *table);

#endif
