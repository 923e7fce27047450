/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * answers: would the kernel answer an ARP request or a neighbour solicitation for an address, on
 * the device that has it? Only then is the address announced. The cases, and the kernel functions
 * that decide them: docs/internals/announcements.md, "Which addresses".
 */
#ifndef ANNOUNCE_ANSWERS_H
#define ANNOUNCE_ANSWERS_H

#include "netdev/netdev.h"

/* Pure. @address is one of @device's in @table. @arp_ignore: of answers_arp_ignore. */
bool answers_for(const struct netdev_table *table, const struct netdev *device,
		 const struct netdev_address *address, unsigned arp_ignore);

/*
 * Returns the value in force for the device called @name: the maximum of conf/all and conf/DEV
 * (IN_DEV_MAXCONF in linux/inetdevice.h). 0 if it cannot be read.
 */
unsigned answers_arp_ignore(const char *name);

/*
 * Does the device called @name answer as an IPv6 router? If a router advertises itself without that
 * flag, its neighbours remove it from their lists of routers (RFC 4861, 7.2.5).
 */
bool answers_as_router(const char *name);

#endif
