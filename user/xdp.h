/* SPDX-License-Identifier: GPL-2.0-only */
/* xdp: one program in a device's driver, by a pinned link (Linux 5.9), and never in the place of anybody else's. */
#ifndef XDP_H
#define XDP_H

#include "../include/vfsteer.h"
#include <stdbool.h>

struct xdp {
	int ifindex;
	char pin[256]; /* where the link is pinned; exists only then */
};

/*
 * Puts @program_fd into the driver, or into the place of the program that we have there, atomically. Putting the first one there disturbs
 * the device: drivers stop their queues for it, and turn offloads off. Returns OBSTACLE_NONE; or why not, with all as it was:
 * OBSTACLE_DRIVER, OBSTACLE_FOREIGN or OBSTACLE_REFUSED. Native XDP only: the generic kind is slower than tc.
 */
enum vfsteer_port_obstacle xdp_attach(const struct xdp *xdp, int program_fd);

/* Is a program of ours in the driver? */
bool xdp_is_attached(const struct xdp *xdp);

/* Takes ours away; nothing there, or no such device, is fine. Returns 0 or -errno. */
int xdp_detach(const struct xdp *xdp);

#endif
