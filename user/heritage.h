/* SPDX-License-Identifier: GPL-2.0-only */
/* heritage: what pairs keep when the maps have to be made anew with more room: wishes and counts never go back. */
#ifndef HERITAGE_H
#define HERITAGE_H

#include "pins.h"
#include "port_pins.h"

struct heritage_entry {
	unsigned standby_ifindex;
	struct vfsteer_state state;
	struct vfsteer_counters counters;
};

struct heritage {
	unsigned count;
	struct heritage_entry entries[VFSTEER_MAX_PAIRS];
	unsigned port_count;
	struct vfsteer_port ports[VFSTEER_MAX_PORTS]; /* their names and wishes; nothing of them is bound */
	struct vfsteer_port_counters port_counters[VFSTEER_MAX_PORTS];
};

/* Reads every pair of @pins. Counters that cannot be read are zero. */
void heritage_take(const struct pins *pins, struct heritage *ret);

/* Reads every port of @ports, if those are open. */
void heritage_take_ports(const struct port_pins *ports, struct heritage *ret);

/* Gives the pair of @standby_ifindex, new in @slot and without programs yet, what it had: its switches, its admin wish, its counters.
 * A pair unknown to @heritage starts from zero. Returns 0 or -errno. */
int heritage_give(const struct heritage *heritage, const struct pins *pins, unsigned slot, unsigned standby_ifindex);

#endif
