/* SPDX-License-Identifier: GPL-2.0-only */
/* host_listener: the packet socket on a tap, and what becomes of the signals that it receives. */
#ifndef HOST_HOST_LISTENER_H
#define HOST_HOST_LISTENER_H

#include "host/host_state.h"

/*
 * Opens tap->fd in the tap's namespace, with a filter for signals, and adds it to the loop. Returns
 * 0 or -errno.
 */
int host_listener_open(struct host *host, struct host_tap *tap);

#endif
