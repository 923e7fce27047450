/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * silence: keeps the primary's own protocol stack from sending anything. One frame with the shared
 * MAC moves the MAC in the switch to a device that does not receive yet.
 */
#ifndef PAIR_SILENCE_H
#define PAIR_SILENCE_H

#include "netdev/link.h"

/*
 * Makes the stack on @ifindex silent; call it while the device is down if possible. IPv6:
 * addr_gen_mode none, no router advertisements, then IPv6 off; IPv4: no ARP (IFF_NOARP), no IGMP
 * beyond what the kernel joins itself. A kernel without IPv6 is fine. Returns 0 or the -errno of
 * the first step that failed; all are tried.
 */
int silence_primary(struct link_requests *requests, const char *ifname, int ifindex);

/*
 * Undoes silence_primary, for `unload`: the device has the settings of a new one. Returns 0 or
 * -errno.
 */
int silence_lift(struct link_requests *requests, const char *ifname, int ifindex);

/*
 * Was silence_primary called for this device in this namespace? A device that was in another one in
 * between has new settings.
 */
bool silence_was_made(const char *ifname);

/*
 * Returns which part of silence_primary was undone: "ARP", "IPv6" …, a static string; NULL: none.
 * @flags: of the device; @with_ipv6: IPv6 may be on, see direct.h.
 */
const char *silence_broken(const char *ifname, uint32_t flags, bool with_ipv6);

#endif
