/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * macs: which MACs behind a standby are announced by RARP. A switch believes the last frame with a MAC: to announce one that somebody else on the
 * network speaks with now takes his traffic away. A VRRP BACKUP has the MASTER's MAC on a device of its own.
 *
 *	the standby's MAC			always, in each VLAN that a device above the standby is in; not while it is a bond's backup slave
 *	of a device above that is up		if it has an address that is announced (answers.h). keepalived leaves a BACKUP's macvlan up, without its
 *						virtual addresses; the link-local address it keeps there is that of the device below (addresses.c)
 *	of a macvtap				likewise, or if it has sent in recent time: its addresses are somebody else's (spoken.h)
 *	behind the bridge above			what the bridge has learned on its other ports: these have spoken, and where they are now is known
 *	else in the unicast receive list	always: macvlans of other network namespaces, whose counters and addresses are not seen from here. Not a
 *						virtual router's MAC: its MASTER sends with it each second (RFC 5798, 7.2)
 *
 * What a macvlan in another namespace has sent could be known exactly only by a table of sources that BPF learns on egress.
 */
#ifndef ANNOUNCE_MACS_H
#define ANNOUNCE_MACS_H

#include "announce/announce.h"
#include "announce/speakers.h"
#include "announce/spoken.h"
#include "netdev/link.h"

/*
 * Appends the frames to @list. @answers: for each of @speakers, whether an address of it is announced. @spoken may be NULL: a macvtap that
 * has ever sent counts then. Returns 0 or -errno.
 */
int macs_collect(struct link_requests *requests, const struct speakers *speakers, const bool *answers, struct spoken *spoken,
		 struct announcement *list);

/* VRRP's, of IPv4 or IPv6 (RFC 5798, 7.3). */
bool macs_is_virtual_router(const uint8_t mac[ETH_ALEN]);

#endif
