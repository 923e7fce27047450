/* SPDX-License-Identifier: GPL-2.0-only */
/* drain_read: reads from kernel and maps what policy/drain.h compares. */
#ifndef DATAPATH_DRAIN_READ_H
#define DATAPATH_DRAIN_READ_H

#include "maps/pins.h"
#include "netdev/link.h"
#include "policy/drain.h"

/*
 * Reads a sample of the pair in @slot. While the primary is leaving its qdiscs are not read: that
 * would wait for the removal. Returns 0 or -errno.
 */
int drain_read(const struct pins *pins, unsigned slot, struct link_requests *requests,
	       struct drain_sample *ret);

#endif
