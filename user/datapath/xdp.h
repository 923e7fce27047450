/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xdp: one program in a device's driver, by a pinned link (Linux 5.9). Never replaces a foreign
 * program.
 */
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
 * Attaches @program_fd to the driver, or replaces our program there atomically. Attaching the first
 * one disturbs the device: drivers stop their queues and turn offloads off. Returns OBSTACLE_NONE;
 * or the reason, with nothing changed: OBSTACLE_DRIVER, OBSTACLE_FOREIGN or OBSTACLE_REFUSED.
 * Native XDP only: generic XDP is slower than tc.
 */
enum vfsteer_port_obstacle xdp_attach(const struct xdp *xdp, int program_fd);

/*
 * A step of xdp_attach: replaces the program of our link by @program_fd, in the link's mode.
 * Returns 0; -ENOENT or -ENOLINK: there is no link of ours; or another -errno, with the old program
 * kept.
 */
int xdp_update(const struct xdp *xdp, int program_fd);

/*
 * A step of xdp_attach: creates a pinned link; @mode: XDP_FLAGS_DRV_MODE or XDP_FLAGS_SKB_MODE.
 * Returns 0; -EBUSY or -EEXIST: another program is attached; -EINVAL: also Linux 5.8, which has no
 * such links; or another -errno.
 */
int xdp_create(const struct xdp *xdp, int program_fd, __u32 mode);

/* Returns the id of our link's program on the device; 0: none. */
__u32 xdp_program(const struct xdp *xdp);

/* Is our program attached? */
bool xdp_is_attached(const struct xdp *xdp);

/* Detaches our program; a missing program or device is success. Returns 0 or -errno. */
int xdp_detach(const struct xdp *xdp);

/* The link of the standby's XDP program on the primary: pair/xdp_mirror.h. */
struct xdp xdp_mirror_link(const struct pins *pins, int primary);

#endif
