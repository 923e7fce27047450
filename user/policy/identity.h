/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * identity: identifies a device independent of its name. With net.ifnames=0 each new NIC gets the
 * lowest free name, which may be that of a VF that is away for a migration. So the slot of a pair
 * keeps the identity of the first device that was the named primary. Pure.
 *
 * The identity is the permanent MAC (the VF of the destination has the same one, in any PCI slot),
 * under any name; without one, the PCI address, under any name; without either (software: a veth),
 * the MAC of the first use and the name.
 */
#ifndef POLICY_IDENTITY_H
#define POLICY_IDENTITY_H

#include "netdev/netdev.h"

#define IDENTITY_TEXT_SIZE 64

struct identity {
	/* the permanent MAC, or that of the first use; all zero: not pinned */
	uint8_t mac[ETH_ALEN];
	/* empty: by permanent MAC; IDENTITY_SOFTWARE: by MAC and name; else the PCI address */
	char address[16];
};

#define IDENTITY_SOFTWARE "-"

bool identity_is_pinned(const struct identity *identity);

/* Returns the identity of @device; not pinned if it has no MAC. */
struct identity identity_of(const struct netdev *device);

/* Is it an identity by MAC and name, whose MAC may change while the device is in use? */
bool identity_is_by_mac(const struct identity *identity);

/*
 * Is @device the pinned one? @is_called: it has the name of the configuration. @standby: software
 * of that name with the MAC of its standby matches as well; NULL: it does not.
 */
bool identity_matches(const struct identity *identity, const struct netdev *device,
		      const struct netdev *standby, bool is_called);

/* Writes "permanent MAC 52:54:00:00:00:01", "PCI address 0000:01:00.0" or "MAC 52:…". */
void identity_describe(const struct identity *identity, char ret[IDENTITY_TEXT_SIZE]);

/* Returns a hash of a name for which the map has no room; never 0. */
uint32_t identity_hash_name(const char *name);

/* Has @device a name with @hash? */
bool identity_is_called(const struct netdev *device, uint32_t hash);

#endif
