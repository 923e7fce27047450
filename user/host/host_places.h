/* SPDX-License-Identifier: GPL-2.0-only */
/* host_places: the network namespaces whose taps are followed. */
#ifndef HOST_HOST_PLACES_H
#define HOST_HOST_PLACES_H

#include "host/host_state.h"

/* Opens the namespace of this process, which has the PFs. Returns 0 or -errno. */
int host_places_open(struct host *host);
void host_places_close(struct host *host);

/*
 * Looks which of the configured namespaces exist: opens new ones, closes those that are gone.
 * Returns whether any was opened or closed. A namespace that cannot be entered is logged once.
 */
bool host_places_rescan(struct host *host);

/* Reads again where reading failed. */
void host_places_catch_up(struct host *host);

/*
 * Makes @place the namespace of the calling thread, and returns to the first one. Entering needs
 * CAP_SYS_ADMIN, except for the first place, where nothing is done. Returns 0 or -errno.
 */
int host_places_enter(const struct host_place *place);
void host_places_leave(const struct host_place *place);

#endif
