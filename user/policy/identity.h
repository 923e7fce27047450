/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * identity: what a device is, whatever it is called. A name goes to whoever takes it: with net.ifnames=0 each NIC that is
 * plugged in gets the lowest that is free, and that of a VF that is away for a migration is free. So the first device that
 * a named primary was is kept in the pair's slot. Pure.
 *
 * A device is known by its permanent MAC (the destination's VF has the same one, wherever it is plugged in), then it is
 * that device under any name; one without, by its PCI address, likewise; one with neither (software: a veth) by the MAC it
 * had at its first use, and its name.
 */
#ifndef POLICY_IDENTITY_H
#define POLICY_IDENTITY_H

#include "netdev/netdev.h"

#define IDENTITY_TEXT_SIZE 64

struct identity {
	uint8_t mac[ETH_ALEN]; /* the permanent one, or that of the first use; all zero: not pinned */
	char address[16]; /* empty: the permanent MAC decides; IDENTITY_SOFTWARE: MAC and name; else the PCI address */
};

#define IDENTITY_SOFTWARE "-"

bool identity_is_pinned(const struct identity *identity);

/* What @device is. Not pinned for one that has no MAC. */
struct identity identity_of(const struct netdev *device);

/* Is it that of software, by a MAC that may change while the device is in use? */
bool identity_is_by_mac(const struct identity *identity);

/* Is @device the one that was pinned? @is_called: by the name that the configuration gives it. @standby: software by that name that has the MAC of its
 * standby is no stranger either; NULL: that does not count. */
bool identity_matches(const struct identity *identity, const struct netdev *device, const struct netdev *standby, bool is_called);

/* "permanent MAC 52:54:00:00:00:01", "PCI address 0000:01:00.0", "MAC 52:…". */
void identity_describe(const struct identity *identity, char ret[IDENTITY_TEXT_SIZE]);

/* A number for a name that the map has no room for; never 0. */
uint32_t identity_hash_name(const char *name);

/* Is one of @device's names that of @hash? */
bool identity_is_called(const struct netdev *device, uint32_t hash);

#endif
