/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * announcer: announces a switch the moment the kernel makes one. A removal that is held (bpf/hold.h) occupies a CPU until it has been
 * announced, and the rest of the agent may be waiting for RTNL, or be queued behind the removal itself. So there are two threads
 * that do nothing else, bound to two CPUs: one of them can always run. On a machine with one CPU there are none.
 */
#ifndef ANNOUNCE_ANNOUNCER_H
#define ANNOUNCE_ANNOUNCER_H

#include "announce/announce.h"
#include "maps/pins.h"

struct announcer;

/* @pins stay the caller's, and live as long. Returns 0 or -errno (of announce_open, for want of CAP_NET_RAW). */
int announcer_new(const struct pins *pins, struct announcer **ret);
void announcer_free(struct announcer *announcer); /* waits for the threads; takes NULL */

/* What to announce for the pair in @slot, and where: ifindexes, @primary 0 while there is none. The frames are copied. Returns 0 or -errno
 * (the earlier frames then stay). */
int announcer_set(struct announcer *announcer, unsigned slot, int standby, int primary, const struct announcement *frames);
void announcer_clear(struct announcer *announcer, unsigned slot);

/* Notes in the pair's slot how many frames its last announcement had, and how many were not sent; @sent as announce_send returned. */
void announcer_note(struct vfsteer_pair *slot, const struct announcement *frames, int sent);

/*
 * Announces the pair on its active wire if its word has changed since it was last announced, by whomever. Never waits for RTNL.
 * A standby without carrier can tell nobody: that counts as announced, and is for the caller to make up for. Returns when the last
 * announcement of the pair was sent (CLOCK_BOOTTIME, ns; 0: none).
 */
uint64_t announcer_announce(struct announcer *announcer, unsigned slot);

#endif
