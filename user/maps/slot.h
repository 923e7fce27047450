/* SPDX-License-Identifier: GPL-2.0-only */
/* slot: a pair's entry in the map: who its devices are, in the words that `bpftool map dump` shows. */
#ifndef MAPS_SLOT_H
#define MAPS_SLOT_H

#include "maps/pins.h"
#include "netdev/netdev.h"
#include "policy/candidates.h"

/* The slot of the pair with this standby in this namespace (*ret_known), else a free one, else -1. */
int slot_find(const struct pins *pins, uint32_t network_namespace, int standby_ifindex, bool *ret_known);

/* Of @slot: @field held @value, which this version does not know. */
typedef void slot_repaired(const struct vfsteer_pair *slot, const char *field, unsigned value);

/*
 * After adoption, before anything is believed: makes sense of what another hand may have written into the entries. Texts end within their
 * fields, enumerators that decide are known ones, no time lies in the future, a standby has one slot, a free slot is empty, and all in use are
 * counted. @repaired is called for each enumerator that was replaced: nothing is lost in silence when an older version adopts.
 */
void slot_repair(const struct pins *pins, slot_repaired *repaired);

/* A pair in this process's network namespace? The devices that bear the same numbers here as those of another one are none of its own. */
bool slot_is_here(const struct vfsteer_pair *slot);

/* One line for who acts on pins that were made elsewhere: where that is. False: they were made in this process's network namespace. */
bool slot_explain_foreign(const struct pins *pins, char *message, size_t size);

/* The first slot in use whose pair lives in another network namespace than this, or -1. */
int slot_find_foreign(const struct pins *pins, uint32_t network_namespace);

/*
 * Readies a free slot for a pair. How many slots are in use (pins_slots_used) stands in the map: the watch programs, which outlive their
 * agent, and the announcer's threads look no further. It grows before a slot is used, and shrinks after one has been cleared.
 */
void slot_take(const struct pins *pins, unsigned slot);

/* Frees a slot; what hangs on the pair's hooks is the caller's to take away first. */
void slot_clear(const struct pins *pins, unsigned slot);

/* True for the slot of a pair in this namespace whose standby is not in @table any more. */
bool slot_is_dead(const struct vfsteer_pair *slot, uint32_t network_namespace, const struct netdev_table *table);

/* Name, MAC and carrier, where they changed: a device may be renamed at any time. */
void slot_write_standby(struct vfsteer_pair *slot, const struct netdev *standby);

/* The device with the addresses: its name, and whether it takes frames for MACs that are not its own. Its ifindex when the slot is taken. */
void slot_write_owner(struct vfsteer_pair *slot, const struct netdev *owner);

/* Everything the watch programs know @primary by; NULL: it is absent. */
void slot_write_primary(struct vfsteer_pair *slot, const struct netdev *primary);

/* How the configuration names the primary, and what that was at its first use; and the same, written. */
struct candidates_named slot_read_named(const struct vfsteer_pair *slot);
void slot_write_named(struct vfsteer_pair *slot, const struct candidates_named *named);

/* The name again, if @primary (may be NULL) is the slot's and has been renamed. */
void slot_follow_primary(struct vfsteer_pair *slot, const struct netdev *primary);

#endif
