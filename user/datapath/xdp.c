/* SPDX-License-Identifier: GPL-2.0-only */
#include "datapath/xdp.h"
#include "base/crash_point.h"
#include "maps/pins_make.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <unistd.h>

/* Is it the link of our device? Not if the device is gone, or if the pins were moved. */
static bool xdp_is_of_link(const struct xdp *xdp, int link_fd)
{
	struct bpf_link_info info = { 0 };
	__u32 size = sizeof(info);

	return !bpf_obj_get_info_by_fd(link_fd, &info, &size) && info.type == BPF_LINK_TYPE_XDP &&
	       info.xdp.ifindex == (__u32)xdp->ifindex;
}

int xdp_update(const struct xdp *xdp, int program_fd)
{
	int link_fd = bpf_obj_get(xdp->pin), error;

	if (link_fd < 0)
		return link_fd;
	error = xdp_is_of_link(xdp, link_fd) ? bpf_link_update(link_fd, program_fd, NULL)
					     : -ENOLINK;
	crash_point("xdp-link-updated");
	close(link_fd);
	return error;
}

static enum vfsteer_port_obstacle xdp_obstacle(int error)
{
	switch (error) {
	/* also virtio_net, if its host merges segments, which the guest cannot disable */
	case -EOPNOTSUPP:
		return OBSTACLE_DRIVER;
	case -EBUSY:  /* a program is attached */
	case -EEXIST: /* a generic one */
		return OBSTACLE_FOREIGN;
	default:
		return OBSTACLE_REFUSED;
	}
}

int xdp_create(const struct xdp *xdp, int program_fd, __u32 mode)
{
	DECLARE_LIBBPF_OPTS(bpf_link_create_opts, options, .flags = mode);
	int link_fd = bpf_link_create(program_fd, xdp->ifindex, BPF_XDP, &options), error;

	if (link_fd < 0)
		return link_fd;
	crash_point("xdp-link-made");
	error = bpf_obj_pin(link_fd, xdp->pin);
	crash_point("xdp-link-pinned");
	close(link_fd); /* a link that could not be pinned is detached here */
	return error;
}

enum vfsteer_port_obstacle xdp_attach(const struct xdp *xdp, int program_fd)
{
	int error;

	if (!xdp_update(xdp, program_fd))
		return OBSTACLE_NONE;
	if (xdp_detach(xdp))
		return OBSTACLE_REFUSED;
	error = xdp_create(xdp, program_fd, XDP_FLAGS_DRV_MODE);
	return error ? xdp_obstacle(error) : OBSTACLE_NONE;
}

__u32 xdp_program(const struct xdp *xdp)
{
	struct bpf_link_info info = { 0 };
	__u32 size = sizeof(info);
	int link_fd = bpf_obj_get(xdp->pin);
	bool is_ours = link_fd >= 0 && !bpf_obj_get_info_by_fd(link_fd, &info, &size) &&
		       info.type == BPF_LINK_TYPE_XDP && info.xdp.ifindex == (__u32)xdp->ifindex;

	if (link_fd >= 0)
		close(link_fd);
	return is_ours ? info.prog_id : 0;
}

bool xdp_is_attached(const struct xdp *xdp)
{
	return xdp_program(xdp);
}

int xdp_detach(const struct xdp *xdp)
{
	int link_fd = bpf_obj_get(xdp->pin);

	if (link_fd >= 0) {
		/* Detaches at once, even if another process has the link open. */
		if (xdp_is_of_link(xdp, link_fd))
			bpf_link_detach(link_fd);
		crash_point("xdp-link-detached");
		close(link_fd);
	}
	/* remove: also deletes an empty directory there. */
	return remove(xdp->pin) && errno != ENOENT ? -errno : 0;
}

struct xdp xdp_mirror_link(const struct pins *pins, int primary)
{
	struct xdp xdp = { .ifindex = primary };

	/* A starting agent sweeps "primary-" links. */
	pins_link_path(pins, "primary-mirrored-xdp", primary, xdp.pin, sizeof(xdp.pin));
	return xdp;
}
