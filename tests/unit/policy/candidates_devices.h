/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * candidates_devices: devices by the last byte of their MACs, beside eth0, whose permanent MAC ends
 * in 0a.
 */
#ifndef CANDIDATES_DEVICES_H
#define CANDIDATES_DEVICES_H

#include "policy/candidates.h"

#include <linux/if_addr.h>
#include <net/if_arp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define STANDBY 2
#define A 0x0a
#define B 0x0b
#define NONE 0

/* MACs by their last byte: the present one, the permanent one. */
#define DEVICE(index, mac_, permanent_)                                                            \
	.ifindex = (index), .hardware_type = ARPHRD_ETHER, .mac = { 0x52, 0x54, 0, 0, 0, mac_ },   \
	.permanent_mac = { permanent_ ? 0x52 : 0, permanent_ ? 0x54 : 0, 0, 0, 0, permanent_ }
#define ON_PCI(driver_, address) .driver = driver_, .bus = "pci", .pci_address = address
#define ON_VIRTIO(address) .driver = "virtio_net", .bus = "virtio", .pci_address = address
#define V6(first, second, eleventh, twelfth)                                                       \
	{ { { first, second, 0, 0, 0, 0, 0, 0, 0, 1, 2, eleventh, twelfth, 3, 4, 5 } } }
#define SOFTWARE(kind_) .kind = kind_, .driver = kind_

static const struct netdev eth0 = { DEVICE(STANDBY, A, A), ON_VIRTIO("0000:01:00.0"),
				    .name = "eth0" };

#endif
