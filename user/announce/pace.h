/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pace: when the next frame of an announcement may be sent. Pure. A burst is what every queue on
 * the way holds (a virtio-net ring: 256 frames; a CPU's backlog: 1,000). Most announcements are one
 * burst and have no pause. While a removal is held, its CPU waits for the whole announcement.
 */
#ifndef ANNOUNCE_PACE_H
#define ANNOUNCE_PACE_H

#include <stdint.h>

#define PACE_BURST 256
#define PACE_PAUSE_NS 1000000ULL
#define PACE_PATIENCE 20 /* pauses for refused frames, per announcement */

/* Zero-initialise it for each announcement. */
struct pace {
	unsigned sent;
	unsigned refused;
};

/* Returns how long to wait before the next frame, in ns; 0: send it now. */
uint64_t pace_next(struct pace *pace);

/*
 * Returns how long to wait before the refused frame (queue full) is tried again, in ns; 0: give it
 * up.
 */
uint64_t pace_again(struct pace *pace);

#endif
