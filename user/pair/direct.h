/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * direct: the second way to receive, `rx = direct`: unicast TCP and UDP that arrive on the primary go up the stack there
 * (weak host model), which spares each packet a second pass through the receive path. All else is redirected to the standby as ever.
 * Whatever goes by the device a packet came in by (firewall rules, sockets bound to a device, IP_PKTINFO) then sees the primary.
 */
#ifndef PAIR_DIRECT_H
#define PAIR_DIRECT_H

#include "netdev/netdev.h"

/*
 * Why it would be unsafe for this standby now, or NULL: a static text. The standby passes packets on (bridge port, forwarding), has
 * others above it (macvlan, VRF), or filters by source address strictly (rp_filter = 1), or for all devices (net.ipv4.conf.all.rp_filter):
 * a device without an address passes no such filter.
 */
const char *direct_refusal(const struct netdev_table *table, const struct netdev *standby);

/*
 * Lets the primary's own stack receive: no source filter of its own, IPv6 on but without any address (addr_gen_mode none stays), so
 * that it goes on saying nothing. Returns 0 or -errno.
 */
int direct_enable(const char *primary);

/* Back to silence without receiving. Returns 0 or -errno of the first step that failed; all are tried. */
int direct_disable(const char *primary);

#endif
