/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * membership_frames: builds membership reports as the kernel sends them to a querier (net/ipv4/igmp.c,
 * net/ipv6/mcast.c). IGMPv3 (RFC 3376) and MLDv2 (RFC 3810): current-state records, as many per frame
 * as the MTU allows. IGMPv1, IGMPv2 (RFC 2236) and MLDv1 (RFC 2710): one frame per group, no sources.
 */
#ifndef ANNOUNCE_MEMBERSHIP_FRAMES_H
#define ANNOUNCE_MEMBERSHIP_FRAMES_H

#include "announce/announce.h"
#include "announce/memberships.h"

#define MEMBERSHIP_FRAMES_MTU 1500 /* no frame carries more, whatever the device's MTU */

/*
 * Appends the frames that report @groups. @sender: their family, source address (zero: none yet), MAC
 * and VLAN tags. @version: 1 to 3 for AF_INET, 1 or 2 for AF_INET6. @mtu: of the device; as in the
 * kernel IGMPv3 needs 68 and MLDv2 1280, below there is no frame. Reports every group of @groups: the
 * caller selects them (membership_is_reported).
 * Returns 0; -EINVAL: unknown version, or too many tags; -EAFNOSUPPORT; or -ENOMEM.
 */
int membership_frames_add(struct announce_reports *reports, const struct announce_address *sender,
			  uint32_t mtu, unsigned version, const struct membership *groups,
			  size_t count);

#endif
