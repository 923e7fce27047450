/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * spoken: which devices have sent recently, by their TX counters. For devices that another stack
 * sends by.
 */
#ifndef ANNOUNCE_SPOKEN_H
#define ANNOUNCE_SPOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How long bridges and switches usually keep a MAC (802.1D: 300 s). Frames for older MACs are
 * flooded.
 */
#define SPOKEN_RECENT_NS 300000000000ULL

/* Zero-initialise it. */
struct spoken {
	struct spoken_device {
		int ifindex;
		uint64_t tx_packets;
		uint64_t grown_ns; /* the last time that the counter had grown; 0: never */
		bool asked;        /* since the last sweep */
	} *list;
	size_t count, size;
};

/*
 * Has the device sent recently? @tx_packets: its counter at @now_ns. On the first call for a
 * device, any packet sent counts as recent; also without memory.
 */
bool spoken_recently(struct spoken *spoken, int ifindex, uint64_t tx_packets, uint64_t now_ns);
/* Removes the devices that were not asked about since the last sweep: they are gone. */
void spoken_sweep(struct spoken *spoken);
void spoken_free(struct spoken *spoken);

#endif
