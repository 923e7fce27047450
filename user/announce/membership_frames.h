/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * membership_frames: builds membership reports as the kernel sends them to a querier
 * (net/ipv4/igmp.c, net/ipv6/mcast.c). IGMPv3 (RFC 3376) and MLDv2 (RFC 3810): current-state
 * records, as many per frame as the MTU allows. IGMPv1, IGMPv2 (RFC 2236) and MLDv1 (RFC 2710): one
 * frame per group, no sources.
 */
#ifndef ANNOUNCE_MEMBERSHIP_FRAMES_H
#define ANNOUNCE_MEMBERSHIP_FRAMES_H

#include "announce/announce.h"
#include "announce/memberships.h"

#define MEMBERSHIP_FRAMES_MTU 1500 /* no frame carries more, whatever the device's MTU */

/*
 * Appends the frames that report all of @groups; the caller selects them (membership_is_reported).
 * @sender: their family, source address (zero: none yet), MAC and VLAN tags. @version: 1 to 3 for
 * AF_INET, 1 or 2 for AF_INET6. @mtu: of the device, in bytes; below 68 (IGMPv3) or 1280 (MLDv2)
 * there is no frame, as in the kernel. Returns 0; -EINVAL: unknown version, or too many tags;
 * -EAFNOSUPPORT; or -ENOMEM.
 */
int membership_frames_add(struct announce_reports *reports, const struct announce_address *sender,
			  uint32_t mtu, unsigned version, const struct membership *groups,
			  size_t count);

#endif
