/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pace: when the next frame of an announcement may be sent. Pure. A burst is what any queue on the way holds (a virtio-net ring: 256 frames, the
 * backlog of a CPU: 1000): most announcements are one burst and are not delayed. While a removal is held its CPU waits for the whole announcement.
 */
#ifndef ANNOUNCE_PACE_H
#define ANNOUNCE_PACE_H

#include <stdint.h>

#define PACE_BURST 256
#define PACE_PAUSE_NS 1000000ULL
#define PACE_PATIENCE 20 /* pauses for frames that were refused, of one announcement */

/* Zero-initialise it for each announcement. */
struct pace {
	unsigned sent;
	unsigned refused;
};

/* How long to wait before the next frame, ns; 0: not at all. */
uint64_t pace_next(struct pace *pace);

/* How long to wait before the frame that was just refused (no room in a queue) is tried again, ns; 0: it is given up. */
uint64_t pace_again(struct pace *pace);

#endif
