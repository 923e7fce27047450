/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * answers: would the kernel answer an ARP request or a neighbour solicitation for an address, on the device that has it? What it would not
 * answer is not ours to announce. arp = net/ipv4/arp.c, inet = net/ipv4/devinet.c, nd = net/ipv6/ndisc.c:
 *
 *	device down, or IFF_NOARP		no	arp_rcv; the reply to a solicitation would go to the device's own MAC (nd, ndisc_constructor)
 *	tentative, DAD failed			no	nd, ndisc_recv_ns; a failed one stays tentative (addrconf_dad_stop)
 *	optimistic				no	nd answers without override; RFC 4429, 3.3 forbids to announce it
 *	deprecated, secondary, scope link, /32	yes	nobody asks for these flags
 *	loopback and multicast			no	arp_process (127/8: yes with route_localnet: left out)
 *	arp_ignore 1				yes	if a prefix of the device holds it, which that of its peer need not (inet, confirm_addr_indev)
 *	arp_ignore 2				yes	if a prefix of the device holds it and an asker: a /32 on its own is not answered
 *	arp_ignore 3				yes	as 1, unless of scope host
 *	arp_ignore 8				no	0, and 4 to 7, which are reserved: yes
 *	anycast					-	not among the device's addresses; its NA must not override (RFC 4861, 7.2.7)
 *	proxy_arp, proxy neighbours		-	others' addresses: not announced
 *	arp_announce, ndisc_notify		-	about what the kernel itself asks and announces: do not matter here
 *	drop_gratuitous_arp, arp_accept		-	about what it receives: likewise
 *	arp_filter, rp_filter			-	depend on the asker: taken to let one pass
 *
 * arp_ignore is the maximum of conf/all and conf/DEV (IN_DEV_MAXCONF). Nothing tells of a change of these settings: they are read whenever the
 * addresses are collected.
 */
#ifndef ANNOUNCE_ANSWERS_H
#define ANNOUNCE_ANSWERS_H

#include "netdev/netdev.h"

/* Pure. @address is one of @device's in @table. */
bool answers_for(const struct netdev_table *table, const struct netdev *device, const struct netdev_address *address, unsigned arp_ignore);

/* The setting in force for the device called @name; 0 where it cannot be read. */
unsigned answers_arp_ignore(const char *name);

/* Does the device called @name answer as an IPv6 router? A router that advertises itself without saying so is struck off its neighbours' lists of
 * routers (RFC 4861, 7.2.5). */
bool answers_as_router(const char *name);

#endif
