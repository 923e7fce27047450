/* SPDX-License-Identifier: GPL-2.0-only */
/* xdp: one program in a device's driver, by a pinned link (Linux 5.9), and never in the place of anybody else's. */
#ifndef DATAPATH_XDP_H
#define DATAPATH_XDP_H

#include "maps/pins.h"
#include "vfsteer.h"
#include <linux/types.h>
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

/* The steps of xdp_attach. Puts @program_fd in the place of the program that our link has there, in the link's mode. Returns 0; -ENOENT or
 * -ENOLINK: there is no link of ours; or another -errno, with the old program still there. */
int xdp_update(const struct xdp *xdp, int program_fd);

/* A new pinned link; @mode: XDP_FLAGS_DRV_MODE or XDP_FLAGS_SKB_MODE. Returns 0; -EBUSY or -EEXIST: another program is there; -EINVAL: also
 * Linux 5.8, which has no such links; or another -errno. */
int xdp_create(const struct xdp *xdp, int program_fd, __u32 mode);

/* The id of the program that our link has on the device; 0: there is none. */
__u32 xdp_program(const struct xdp *xdp);

/* Is a program of ours there? */
bool xdp_is_attached(const struct xdp *xdp);

/* Takes ours away; nothing there, or no such device, is fine. Returns 0 or -errno. */
int xdp_detach(const struct xdp *xdp);

/* Of the standby's XDP program that is on the primary as well: pair/xdp_mirror.h. */
struct xdp xdp_mirror_link(const struct pins *pins, int primary);

#endif
