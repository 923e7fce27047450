/* SPDX-License-Identifier: GPL-2.0-only */
/* speakers: the devices whose frames leave by a standby, and the VLAN tags these are in by then. */
#ifndef ANNOUNCE_SPEAKERS_H
#define ANNOUNCE_SPEAKERS_H

#include "announce/announce.h"
#include "announce/unique.h"
#include "netdev/netdev.h"

struct speaker {
	const struct netdev *device;
	uint8_t tag_count; /* outermost tag first */
	struct announce_tag tags[ANNOUNCE_MAX_TAGS];
};

/* The standby first, and each one before those above it, which are together. Zero-initialise it. */
struct speakers {
	struct speaker *list;
	size_t *below; /* number of the one that each was found above; of the standby: 0 */
	size_t count, size;
	struct unique known;
};

/* @mac as that speaker's frames have it, in their tags: without an address, so RARP's. */
struct announce_address speakers_address(const struct speaker *speaker, const uint8_t mac[ETH_ALEN]);

bool speakers_is_kind(const struct netdev *device, const char *kind);

/*
 * Finds the VLAN, macvlan and ipvlan devices above @standby, at any depth, the bridges that these are ports of, the bonds and teams that send by
 * them, and the internal ports of Open vSwitch with their MAC; those that are up. A team is taken to send by a port if no other of its
 * ports has a link.
 * What is inside more than ANNOUNCE_MAX_TAGS tags is left out. In time little more than proportional to the devices there are.
 * Returns 0 or -errno; the caller frees @ret either way. Entries live as long as those of @table.
 */
int speakers_find(const struct netdev_table *table, const struct netdev *standby, struct speakers *ret);
void speakers_free(struct speakers *speakers);

#endif
