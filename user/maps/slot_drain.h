/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * slot_drain: what `vfsteer drain` keeps in a pair's slot, so that it outlives the command and the
 * agent.
 */
#ifndef MAPS_SLOT_DRAIN_H
#define MAPS_SLOT_DRAIN_H

#include "maps/pins.h"

#include <stdint.h>

enum vfsteer_drain slot_drain(const struct vfsteer_pair *slot);

/*
 * A drain begins, or begins again: then the admin of before the first stays noted, and the time of
 * the new one counts. @admin: the current one. @until_ns: CLOCK_BOOTTIME; 0: it has no end. The
 * caller changes the state word afterwards.
 */
void slot_drain_begin(struct vfsteer_pair *slot, enum vfsteer_admin admin, uint64_t until_ns);

/* Notes whether something is in flight. Changes nothing if there is no drain. */
void slot_drain_note(struct vfsteer_pair *slot, enum vfsteer_drain drain);

/* Ends the drain. Returns the admin of before. The caller changes the state word afterwards. */
enum vfsteer_admin slot_drain_end(struct vfsteer_pair *slot);

/* When the drain ends, in about 1 ms; CLOCK_BOOTTIME. 0: never. @now_ns: a time near to it. */
uint64_t slot_drain_until_ns(const struct vfsteer_pair *slot, uint64_t now_ns);

#endif
