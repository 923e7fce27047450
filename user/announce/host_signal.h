/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * host_signal: the frame that reports a pair's state to the host. The agent sends it on the
 * standby's wire, the host part receives it. docs/reference/host-signal.md has it byte by byte.
 * Pure.
 */
#ifndef ANNOUNCE_HOST_SIGNAL_H
#define ANNOUNCE_HOST_SIGNAL_H

#include "vfsteer.h"

#include <linux/if_ether.h>
#include <stddef.h>
#include <stdint.h>

/* "Local Experimental Ethertype 1", IEEE 802. In linux/if_ether.h as ETH_P_802_EX1 since 6.0. */
#define HOST_SIGNAL_ETHERTYPE 0x88b5
#define HOST_SIGNAL_MAGIC 0x56465354 /* "VFST" */
#define HOST_SIGNAL_VERSION 1
#define HOST_SIGNAL_FRAME_SIZE 60 /* without FCS: Ethernet's minimum, without padding */

/* "Nearest bridge", IEEE 802.1Q, table 8-1: no bridge forwards frames to it. */
extern const uint8_t host_signal_group[ETH_ALEN];

/* Bits of host_signal.flags. A parser ignores bits that it does not know. */
enum host_signal_flag {
	HOST_SIGNAL_DRAINED = 1 << 0,  /* nothing is in flight on the primary: see vfsteer drain */
	HOST_SIGNAL_ENDS = 1 << 1,     /* no frame follows: the agent ends, interval_ms is 0 */
	HOST_SIGNAL_UNLOADED = 1 << 2, /* with the former: the pair is no longer steered */
};

struct host_signal {
	uint8_t mac[ETH_ALEN]; /* of the pair: what standby and primary share */
	enum vfsteer_kind kind;
	enum vfsteer_path active;
	enum vfsteer_primary_state primary;
	enum vfsteer_admin admin;
	uint16_t flags;
	/* of the agent's start; another value: restarted, and sequence starts again */
	uint64_t instance;
	uint32_t sequence;    /* more with each frame of this instance, may wrap */
	uint32_t interval_ms; /* the next frame is due within this time; 0: none is */
	uint32_t switches;    /* changes of active since the pair was made, may wrap */
	/* from the last of them until the frame was built; UINT32_MAX: longer, or none */
	uint32_t switch_age_us;
};

/*
 * Writes the frame for @signal to @frame, with @source as its source MAC (host_signal_source).
 * Returns its length, HOST_SIGNAL_FRAME_SIZE; or -ENOSPC if @room is less, with nothing written.
 */
int host_signal_build(const struct host_signal *signal, const uint8_t source[ETH_ALEN],
		      uint8_t *frame, size_t room);

/*
 * Parses the @length bytes at @frame, from the Ethernet header on, without VLAN tags. Writes *ret
 * and @source (the frame's source MAC) only if it returns 0. Otherwise returns -ENOMSG: it is no
 * signal: another destination, ethertype or magic, or too short to have them; -EPROTONOSUPPORT: a
 * signal of another version; -EBADMSG: a field has a value that its version does not know, or the
 * frame is shorter than it says.
 */
int host_signal_parse(const uint8_t *frame, size_t length, struct host_signal *ret,
		      uint8_t source[ETH_ALEN]);

/*
 * The source MAC of the signals of the pair with @mac: locally administered, with the last five
 * bytes of @mac, and never @mac itself. A bridge that learns it learns nothing about the pair.
 */
void host_signal_source(const uint8_t mac[ETH_ALEN], uint8_t ret[ETH_ALEN]);

#endif
