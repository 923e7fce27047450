/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * announcer: announces a switchover as soon as the kernel does it. A held removal (bpf/hold.h)
 * occupies a CPU until the announcement, and the rest of the agent may wait for RTNL, or be queued
 * behind the removal. So two threads only announce. They are bound to two CPUs: one of them can
 * always run. On a machine with one CPU there is one. They send the host signals
 * (host_signals.h) too, before the announcements.
 */
#ifndef ANNOUNCE_ANNOUNCER_H
#define ANNOUNCE_ANNOUNCER_H

#include "announce/announce.h"
#include "announce/host_signals.h"
#include "maps/pins.h"

struct announcer;

/*
 * @pins and @signals (NULL: none are sent) stay the caller's, and must exist as long. Returns 0 or
 * -errno (of announce_open: without CAP_NET_RAW).
 */
int announcer_new(const struct pins *pins, struct host_signals *signals, struct announcer **ret);
void announcer_free(struct announcer *announcer); /* waits for the threads; takes NULL */

/*
 * Sets what to announce for the pair in @slot, and where: ifindexes, @primary 0 if absent. Copies
 * the frames. Returns 0 or -errno; then the earlier frames stay.
 */
int announcer_set(struct announcer *announcer, unsigned slot, int standby, int primary,
		  const struct announcement *frames);
/* Removes the frames of @slot. */
void announcer_clear(struct announcer *announcer, unsigned slot);

/*
 * Writes to the pair's slot how many frames its last announcement had, and how many were not sent.
 * @sent: result of announce_send.
 */
void announcer_note(struct vfsteer_pair *slot, const struct announcement *frames, int sent);

/*
 * Sends the pair's host signal if that is due, and announces the pair on its active device if the
 * active device changed since the last announcement.
 * Never waits for RTNL. A standby without carrier counts as announced: the caller repeats it when
 * the carrier returns. Returns the time of the pair's last announcement (CLOCK_BOOTTIME, ns; 0:
 * none).
 */
uint64_t announcer_announce(struct announcer *announcer, unsigned slot);

/*
 * Sends the queries for the pair's stations that its last announcement has left to send. Called
 * when all pairs are announced; the threads do the same.
 */
void announcer_ask(struct announcer *announcer, unsigned slot);

#endif
