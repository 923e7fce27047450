/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * silence: keeps the primary's own protocol stack from sending anything. A single stray frame with the shared
 * MAC moves the outside switch's table to a device that is not receiving yet.
 */
#ifndef PAIR_SILENCE_H
#define PAIR_SILENCE_H

#include "netdev/link.h"

/*
 * Makes the stack on @ifindex silent; to be called while the device is down where possible. IPv6: addr_gen_mode
 * none, no router advertisements, then IPv6 off; IPv4: no ARP (IFF_NOARP), no IGMP beyond what the kernel joins itself.
 * A kernel without IPv6 is fine. Returns 0 or -errno of the first step that failed (all are tried).
 */
int silence_primary(struct link_requests *requests, const char *ifname, int ifindex);

/* Undoes silence_primary, for `unload`: the device is as a fresh one. Returns 0 or -errno. */
int silence_lift(struct link_requests *requests, const char *ifname, int ifindex);

/* Was silence_primary called for this device since it came into this namespace? One that was in another meanwhile has new settings. */
bool silence_was_made(const char *ifname);

/* What of silence_primary does not hold any more: "ARP", "IPv6" …, a static string; NULL: all holds. @flags: the device's; @with_ipv6: see direct.h:
 * IPv6 may be on. */
const char *silence_broken(const char *ifname, uint32_t flags, bool with_ipv6);

#endif
