/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * host_signals: sends a pair's host signal (host_signal.h) on its standby: at once when the state
 * changes, repeated for the case that the host misses it, then at an interval. It waits for no
 * lock of the kernel that a removal may hold, so the announcer's threads call it as well.
 */
#ifndef ANNOUNCE_HOST_SIGNALS_H
#define ANNOUNCE_HOST_SIGNALS_H

#include "announce/host_signal.h"
#include "maps/pins.h"

#include <linux/if_ether.h>
#include <stdint.h>

#define HOST_SIGNALS_INTERVAL_MS 2000

struct host_signals;

/* @pins stay the caller's, and must exist as long. Returns 0 or -errno (of announce_open). */
int host_signals_new(const struct pins *pins, struct host_signals **ret);
void host_signals_free(struct host_signals *signals); /* takes NULL, as all others here */

struct host_signals_pair {
	int standby; /* ifindex; 0: the pair is not reported */
	enum vfsteer_kind kind;
	uint8_t mac[ETH_ALEN];
};

/*
 * From now on the pair in @slot is reported as *pair says, and as its slot does: the state word.
 * Nothing is sent while the standby has no carrier; its carrier's return counts as a change.
 */
void host_signals_set(struct host_signals *signals, unsigned slot,
		      const struct host_signals_pair *pair);

/* Sends the pair's signal if it is due: the state changed, or the time has come. */
void host_signals_send(struct host_signals *signals, unsigned slot);
void host_signals_send_all(struct host_signals *signals); /* of all slots in use */

/*
 * The last signal of each pair: the agent ends. @flags: further HOST_SIGNAL_... The pins must still
 * be open.
 */
void host_signals_end(struct host_signals *signals, unsigned flags);

/*
 * A descriptor that becomes readable when a signal is due (timerfd; the caller need not read it).
 * -1 for NULL.
 */
int host_signals_fd(const struct host_signals *signals);

#endif
