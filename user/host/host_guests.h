/* SPDX-License-Identifier: GPL-2.0-only */
/* host_guests: the MACs that taps speak for, and what is known about each. */
#ifndef HOST_HOST_GUESTS_H
#define HOST_HOST_GUESTS_H

#include "host/host_state.h"

/* Of one tap: nested guests. A tap that claims more is refused. */
#define HOST_GUESTS_OF_TAP_MAX 64

/*
 * Finds the guest of this tap and MAC, or makes it if a rule permits that. NULL: refused, with the
 * reason in *ret (HOST_PERMISSION_MAX: no memory, or too many).
 */
struct host_guest *host_guests_get(struct host *host, struct host_tap *tap,
				   const uint8_t mac[ETH_ALEN], enum host_permission *ret);

/*
 * After taps, their MACs or VFs changed: makes the guests that rules and VFs name without a
 * pattern, removes those that no rule permits any more.
 */
void host_guests_rescan(struct host *host);

/* Removes the guests of @tap, which is gone. Entries are the caller's: host_entries_apply_all. */
void host_guests_remove(struct host *host, const struct host_tap *tap);

/* A signal arrived. Returns whether it counts; false: it is older than the last one. */
bool host_guests_take_signal(struct host_guest *guest, const struct host_signal *signal);

/* The bridge of @place learned or forgot a station. */
void host_guests_take_station(struct host *host, struct host_place *place,
			      const struct host_station *station);

/*
 * An earlier process shared @mac because of this tap. Until the guest speaks, that counts as one
 * frame from it now.
 */
void host_guests_adopt(struct host *host, const char *place, int tap, const char *tap_name,
		       const uint8_t mac[ETH_ALEN]);

/* Decides about one guest, or all, and makes the entries so. */
void host_guests_decide(struct host *host, struct host_guest *guest);
void host_guests_decide_all(struct host *host);

/* Reads the counters of the taps of silent guests. */
void host_guests_look(struct host *host);

/* The PFs for this guest. */
void host_guests_targets(const struct host *host, const struct host_guest *guest,
			 struct host_targets *ret);

/* Has any tap this MAC? */
bool host_guests_any(const struct host *host, const uint8_t mac[ETH_ALEN]);

/* Is the next signal overdue, or was the last one the last? False before the first one. */
bool host_guests_is_silent(const struct host_guest *guest);

/* In how many ms the guest's next signal is due at the latest. */
unsigned host_guests_interval_ms(const struct host_guest *guest);

#endif
