/* SPDX-License-Identifier: GPL-2.0-only */
/* netdev_parse: what an rtnetlink message says of a device or an address. Pure; trusts no length in the message. */
#ifndef NETDEV_NETDEV_PARSE_H
#define NETDEV_NETDEV_PARSE_H

#include <stddef.h>

#include "netdev/netdev.h"

/*
 * @bytes: a message from its struct nlmsghdr on (4-byte aligned), @length bytes of it at hand. *ret is set on success
 * only; what a message does not tell (driver, PCI location) is empty in it.
 * Return 0; -ENOMSG when it is well-formed but tells nothing of a device as a whole (a bridge port's state, a
 * wireless event), or of an address of another family; -EBADMSG when malformed.
 */
int netdev_parse_link(const void *bytes, size_t length, struct netdev *ret); /* RTM_NEWLINK, RTM_DELLINK */
int netdev_parse_address(const void *bytes, size_t length, struct netdev_address *ret); /* RTM_NEWADDR, RTM_DELADDR */

#endif
