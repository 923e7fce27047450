/* SPDX-License-Identifier: GPL-2.0-only */
/* netdev_place: what rtnetlink does not tell of a device: its driver, and where it is on PCI. */
#ifndef NETDEV_NETDEV_PLACE_H
#define NETDEV_NETDEV_PLACE_H

#include "netdev/netdev.h"

/* Fills in @device's driver, bus and pci_*, by its name and ifindex, through ioctls on @fd (any socket of the
 * namespace) and sysfs. What cannot be learnt is left empty. */
void netdev_place(int fd, struct netdev *device);

#endif
