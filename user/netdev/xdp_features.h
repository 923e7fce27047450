/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xdp_features: what a device can do with XDP frames, from the kernel's generic netlink family
 * "netdev" (Linux 6.3, Documentation/netlink/specs/netdev.yaml). The features may change at any
 * time: a veth's with GRO at its other end, virtio_net's with its program.
 */
#ifndef NETDEV_XDP_FEATURES_H
#define NETDEV_XDP_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

/* The kernel's enum netdev_xdp_act, newer than the headers of Debian 12. */
#define XDP_FEATURE_BASIC (1ULL << 0)			  /* the driver runs programs */
#define XDP_FEATURE_REDIRECT_TARGET (1ULL << 2)		  /* it accepts redirected frames */
#define XDP_FEATURE_REDIRECT_TARGET_FRAGMENTS (1ULL << 6) /* also frames of several buffers */

struct xdp_features;

/*
 * Returns 0, -EOPNOTSUPP if the kernel has no such family, or another -errno. The caller frees
 * *ret.
 */
int xdp_features_new(struct xdp_features **ret);
void xdp_features_free(struct xdp_features *features); /* takes NULL */

/* A descriptor that is readable after a device's features changed. The struct owns it. */
int xdp_features_fd(const struct xdp_features *features);

/* Reads all notifications and discards them. Returns 0, or -errno: the socket failed. */
int xdp_features_dispatch(struct xdp_features *features);

/*
 * Reads the mask of XDP_FEATURE_* of @ifindex, in the namespace of xdp_features_new. Returns 0 or
 * -errno.
 */
int xdp_features_get(struct xdp_features *features, int ifindex, uint64_t *ret);

#endif
