/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * macs: which MACs behind a standby are announced by RARP. A MAC that another host uses, as a VRRP
 * MASTER does, must not be. The rules: docs/internals/announcements.md, "Which MACs".
 */
#ifndef ANNOUNCE_MACS_H
#define ANNOUNCE_MACS_H

#include "announce/announce.h"
#include "announce/speakers.h"
#include "announce/spoken.h"
#include "netdev/link.h"

/*
 * Appends the frames to @list. @answers: for each of @speakers, whether one of its addresses is
 * announced. @spoken may be NULL: then a macvtap counts if it has ever sent. Returns 0 or -errno.
 */
int macs_collect(struct link_requests *requests, const struct speakers *speakers,
		 const bool *answers, struct spoken *spoken, struct announcement *list);

/* Is it a VRRP MAC, of IPv4 or IPv6 (RFC 5798, 7.3)? */
bool macs_is_virtual_router(const uint8_t mac[ETH_ALEN]);

#endif
