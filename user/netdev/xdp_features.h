/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xdp_features: what a device does with XDP frames, as the kernel's generic netlink family "netdev" tells it (Linux 6.3). The features of a
 * device may change at any time: a veth's with GRO at its other end, virtio_net's with its program.
 */
#ifndef NETDEV_XDP_FEATURES_H
#define NETDEV_XDP_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

/* The kernel's enum netdev_xdp_act, newer than the headers of Debian 12. */
#define XDP_FEATURE_BASIC (1ULL << 0)			  /* the driver runs programs */
#define XDP_FEATURE_REDIRECT_TARGET (1ULL << 2)		  /* frames may be sent to it */
#define XDP_FEATURE_REDIRECT_TARGET_FRAGMENTS (1ULL << 6) /* of several buffers, too */

struct xdp_features;

/* Returns 0, -EOPNOTSUPP when the kernel has no such family, or another -errno. */
int xdp_features_new(struct xdp_features **ret);
void xdp_features_free(struct xdp_features *features); /* takes NULL */

/* The descriptor that becomes readable when some device's features change. */
int xdp_features_fd(const struct xdp_features *features);

/* Reads all notifications; what they are about is not told. Returns 0, or -errno: the socket failed. */
int xdp_features_dispatch(struct xdp_features *features);

/* A mask of XDP_FEATURE_* of the device with @ifindex, in the namespace of xdp_features_new. Returns 0 or -errno. */
int xdp_features_get(struct xdp_features *features, int ifindex, uint64_t *ret);

#endif
