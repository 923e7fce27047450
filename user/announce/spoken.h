/* SPDX-License-Identifier: GPL-2.0-only */
/* spoken: which devices have sent something in recent time, by their TX counters. For devices that somebody else's stack sends by. */
#ifndef ANNOUNCE_SPOKEN_H
#define ANNOUNCE_SPOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As long as bridges and switches usually keep a MAC (802.1D: 300 s). Whoever was silent longer has been forgotten, and is flooded to. */
#define SPOKEN_RECENT_NS 300000000000ULL

/* Zero-initialise it. */
struct spoken {
	struct spoken_device {
		int ifindex;
		uint64_t tx_packets;
		uint64_t grown_ns; /* when the counter was last seen to have grown; 0: never */
		bool asked;        /* since the last sweep */
	} *list;
	size_t count, size;
};

/*
 * Has the device sent something in recent time? @tx_packets: its counter at @now_ns. At the first look at a device nobody knows when it sent:
 * what has sent at all then counts as recent. Without memory it counts likewise.
 */
bool spoken_recently(struct spoken *spoken, int ifindex, uint64_t tx_packets, uint64_t now_ns);
/* Forgets the devices that were not asked about since the last sweep: they are gone. */
void spoken_sweep(struct spoken *spoken);
void spoken_free(struct spoken *spoken);

#endif
