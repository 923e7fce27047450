/* SPDX-License-Identifier: GPL-2.0-only */
/* slot: a pair's entry in the pairs map: its devices, as `bpftool map dump` shows them. */
#ifndef MAPS_SLOT_H
#define MAPS_SLOT_H

#include "maps/pins.h"
#include "netdev/netdev.h"
#include "policy/candidates.h"

/*
 * Returns the slot of the pair with this standby in this namespace (*ret_known), else a free one,
 * else -1. @network_namespace: its inode number.
 */
int slot_find(const struct pins *pins, uint32_t network_namespace, int standby_ifindex,
	      bool *ret_known);

/* Of @slot: @field held @value, which this version does not know. */
typedef void slot_repaired(const struct vfsteer_pair *slot, const char *field, unsigned value);

/*
 * Repairs entries that another program may have written; called after adoption, before they are
 * used. Texts end within their fields, enumerators that decide are known, no time lies in the
 * future, a standby has one slot, a free slot is empty, and all slots in use are counted. Slots of
 * VFSTEER_ABI_ADOPTED become ones of this version: their owner is the standby.
 * @repaired is called for each enumerator that was replaced, so that an adoption by an older
 * version loses nothing in silence.
 */
void slot_repair(const struct pins *pins, slot_repaired *repaired);

/*
 * Is the pair in this process's network namespace? The ifindexes of another namespace's pair mean
 * other devices here.
 */
bool slot_is_here(const struct vfsteer_pair *slot);

/*
 * Writes one line about pins that were created in another network namespace: which one. False: they
 * belong to this namespace.
 */
bool slot_explain_foreign(const struct pins *pins, char *message, size_t size);

/* Returns the first slot in use by a pair of another network namespace, or -1. */
int slot_find_foreign(const struct pins *pins, uint32_t network_namespace);

/*
 * Prepares a free slot for a pair. The number of slots in use (pins_slots_used) is in the map: the
 * watch programs, which stay without an agent, and the announcer's threads read no further. It
 * grows before a slot is used, and shrinks after one was cleared.
 */
void slot_take(const struct pins *pins, unsigned slot);

/* Frees a slot. The caller has detached the pair's programs before. */
void slot_clear(const struct pins *pins, unsigned slot);

/* Is it the slot of a pair in this namespace whose standby is no longer in @table? */
bool slot_is_dead(const struct vfsteer_pair *slot, uint32_t network_namespace,
		  const struct netdev_table *table);

/* Writes name, MAC and carrier, where they changed: a device may be renamed at any time. */
void slot_write_standby(struct vfsteer_pair *slot, const struct netdev *standby);

/*
 * Writes the name of the owner, and whether it accepts frames for foreign MACs. Its ifindex is
 * written when the slot is taken.
 */
void slot_write_owner(struct vfsteer_pair *slot, const struct netdev *owner);

/* Writes how the watch programs recognise @primary; NULL: it is absent. */
void slot_write_primary(struct vfsteer_pair *slot, const struct netdev *primary);

/*
 * The primary as the configuration names it, and the device that had this name first: read, and
 * written.
 */
struct candidates_named slot_read_named(const struct vfsteer_pair *slot);
void slot_write_named(struct vfsteer_pair *slot, const struct candidates_named *named);

/* Updates the name, if @primary (or NULL) is the slot's and was renamed. */
void slot_follow_primary(struct vfsteer_pair *slot, const struct netdev *primary);

#endif
