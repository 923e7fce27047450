/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * netdev_parse: parses rtnetlink messages about devices and addresses. Pure; trusts no length in
 * the message.
 */
#ifndef NETDEV_NETDEV_PARSE_H
#define NETDEV_NETDEV_PARSE_H

#include <stddef.h>

#include "netdev/netdev.h"

/*
 * @bytes: a message from its struct nlmsghdr on, 4-byte aligned, of @length bytes. Fields that a
 * message does not have (driver, PCI location) are empty in *ret. Returns 0; -ENOMSG if the message
 * is not about a device as a whole (a bridge port's state, a wireless event), or about an address
 * of another family; -EBADMSG if malformed. *ret is set only on success.
 */
/* RTM_NEWLINK, RTM_DELLINK */
int netdev_parse_link(const void *bytes, size_t length, struct netdev *ret);
/* RTM_NEWADDR, RTM_DELADDR */
int netdev_parse_address(const void *bytes, size_t length, struct netdev_address *ret);

#endif
