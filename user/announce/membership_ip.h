/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * membership_ip: what all IGMP and MLD frames have around their message: Ethernet header, IP header
 * for one hop with the router alert option (RFC 2113, RFC 2711), lengths and checksums.
 */
#ifndef ANNOUNCE_MEMBERSHIP_IP_H
#define ANNOUNCE_MEMBERSHIP_IP_H

#include "announce/frame.h"
#include "announce/memberships.h"

/* Where the parts of a frame begin: offsets. */
struct membership_ip {
	size_t ip, message;
};

/*
 * Appends the headers before a message to the group @to. @sender: family, source address (zero:
 * none), MAC and VLAN tags, at most ANNOUNCE_MAX_TAGS. The caller appends the message, with a zero
 * checksum in its bytes 2 and 3, and calls membership_ip_finish.
 */
struct membership_ip membership_ip_append(struct frame *frame,
					  const struct announce_address *sender,
					  const union membership_address *to);

/* Writes lengths and checksums. The message ends the frame, and its length is even. */
void membership_ip_finish(const struct frame *frame, const struct membership_ip *at, int family);

#endif
