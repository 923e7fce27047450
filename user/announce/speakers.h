/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * speakers: the devices that transmit through a standby, and the VLAN tags of their frames there.
 */
#ifndef ANNOUNCE_SPEAKERS_H
#define ANNOUNCE_SPEAKERS_H

#include "announce/announce.h"
#include "announce/bridges.h"
#include "announce/unique.h"
#include "netdev/netdev.h"

struct speaker {
	const struct netdev *device;
	uint8_t tag_count; /* outermost tag first */
	struct announce_tag tags[ANNOUNCE_MAX_TAGS];
	/* its frames enter this bridge, which filters VLANs, and leave it by the port; or NULL */
	const struct bridge *bridge;
	uint8_t port_tag_count; /* the port's own, the outermost of @tags */
	/* the bridge does not send its frames by the port, but maybe those of a VLAN above it */
	bool is_silent;
};

/* The standby first; each device before those above it, which are together. Zero-initialise it. */
struct speakers {
	struct speaker *list;
	size_t *below; /* index of the device below each; of the standby: 0 */
	size_t count, size;
	struct unique known;
};

/*
 * Returns @mac as the source of the speaker's frames, with their tags: without an address, so for
 * RARP.
 */
struct announce_address speakers_address(const struct speaker *speaker,
					 const uint8_t mac[ETH_ALEN]);

/*
 * The frames of @speaker enter speaker->bridge, and leave it with @tag: the result of bridge_tag or
 * bridge_port_tag. Gives @speaker this tag. False: they are not sent, or have too many tags.
 */
bool speakers_leave_bridge(struct speaker *speaker, uint16_t protocol, int tag);

/* Is @device of this IFLA_INFO_KIND? */
bool speakers_is_kind(const struct netdev *device, const char *kind);

/*
 * Finds the VLAN, macvlan and ipvlan devices above @standby, at any depth; the bridges with these
 * as ports; the bonds and teams that transmit by them; and the internal ports of Open vSwitch with
 * their MAC. Only devices that are up. A team transmits by a port if no other of its ports has a
 * link. Devices inside more than ANNOUNCE_MAX_TAGS tags are left out. The time is about
 * proportional to the number of devices. Returns 0 or -errno; the caller frees @ret in both cases.
 * Entries are valid as long as those of @table and @bridges.
 *
 * @bridges: what to know of bridges that filter VLANs. With @requests they are read again, which
 * waits for RTNL. NULL: as they were read before; one that never was sends the tags of its port.
 */
int speakers_find(const struct netdev_table *table, struct bridges *bridges,
		  struct link_requests *requests, const struct netdev *standby,
		  struct speakers *ret);
void speakers_free(struct speakers *speakers);

#endif
