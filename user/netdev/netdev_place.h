/* SPDX-License-Identifier: GPL-2.0-only */
/* netdev_place: what rtnetlink does not have: a device's driver and its place on PCI. */
#ifndef NETDEV_NETDEV_PLACE_H
#define NETDEV_NETDEV_PLACE_H

#include "netdev/netdev.h"

/*
 * Sets @device's driver, bus and pci_* from its name and ifindex, by ioctls on @fd (any socket of
 * the namespace) and from sysfs. Unknown fields stay empty.
 */
void netdev_place(int fd, struct netdev *device);

#endif
