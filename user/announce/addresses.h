/* SPDX-License-Identifier: GPL-2.0-only */
/* addresses: which addresses and MACs live behind a standby, and so have to be announced. */
#ifndef ANNOUNCE_ADDRESSES_H
#define ANNOUNCE_ADDRESSES_H

#include "announce/announce.h"
#include "announce/spoken.h"
#include "netdev/link.h"
#include "netdev/netdev.h"

/*
 * Fills @list (cleared first) with the frames to announce for @standby, in the order in which they are sent: RARP for its MAC; then all IPv4 and
 * IPv6 addresses of the speakers (speakers.h) for which the kernel answers (answers.h); then RARP for each further MAC that has spoken (macs.h), the
 * speakers' own before others, stations of a bridge last, whoever spoke last of them first. Nothing of a standby by which its bond does not
 * send. @spoken: what is known of earlier looks, or
 * NULL. Returns 0 or -errno.
 */
int addresses_collect(const struct netdev_table *table, struct link_requests *requests, const struct netdev *standby, struct spoken *spoken,
		      struct announcement *list);

#endif
