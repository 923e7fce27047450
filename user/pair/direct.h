/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * direct: the receive mode `rx = direct`: the primary's own stack (weak host model) receives
 * unicast TCP and UDP, which saves each packet a second pass through the receive path. Everything
 * else is redirected to the standby. Firewall rules by device, sockets bound to a device and
 * IP_PKTINFO then see the primary.
 */
#ifndef PAIR_DIRECT_H
#define PAIR_DIRECT_H

#include "netdev/netdev.h"

/*
 * Returns why the mode would be unsafe for this standby now, a static text; or NULL. The standby
 * forwards packets (bridge port, forwarding), has devices above it (macvlan, VRF), or filters by
 * source address strictly (rp_filter = 1, or net.ipv4.conf.all.rp_filter, which a device without an
 * address cannot pass).
 */
const char *direct_refusal(const struct netdev_table *table, const struct netdev *standby);

/*
 * Lets the primary's own stack receive: no source filter, and IPv6 without any address
 * (addr_gen_mode none stays), so that it stays silent. Returns 0 or -errno.
 */
int direct_enable(const char *primary);

/*
 * Silent again, without receiving. Returns 0 or the -errno of the first step that failed; all are
 * tried.
 */
int direct_disable(const char *primary);

#endif
