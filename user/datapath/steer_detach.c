/* SPDX-License-Identifier: GPL-2.0-only */
/* Detaches a pair's programs. Needs no loaded programs, so it has no struct steer. */
#include "base/crash_point.h"
#include "datapath/steer.h"
#include "datapath/steer_hooks.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* If it cannot be read, it counts as up. */
static bool steer_is_down(int ifindex)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_ifindex = ifindex };
	bool is_down = fd >= 0 && !ioctl(fd, SIOCGIFNAME, &request) &&
		       !ioctl(fd, SIOCGIFFLAGS, &request) && !(request.ifr_flags & IFF_UP);

	if (fd >= 0)
		close(fd);
	return is_down;
}

static int steer_detach_redirect(struct vfsteer_pair *pair, const struct pins *pins)
{
	struct hook redirect = steer_hook_redirect(pins, (int)pair->standby_ifindex);
	bool remove_clsact =
		pair->standby_clsact_is_ours && steer_is_down((int)pair->standby_ifindex);
	int error = pair->kind == KIND_PLAIN ? 0 : hook_detach(&redirect, remove_clsact);

	crash_point("steer-redirect-detached");
	return error;
}

int steer_detach_owner(const struct pins *pins, unsigned slot)
{
	struct vfsteer_pair *pair = &pins->pairs[slot];
	int ifindex = (int)pair->owner_ifindex;
	struct hook ingress = steer_hook_ingress(pins, ifindex),
		    egress = steer_hook_egress(pins, ifindex, false);
	bool remove_clsact = pair->owner_clsact_is_ours && steer_is_down(ifindex);
	int error = hook_detach(&egress, remove_clsact), ingress_error, redirect_error;

	crash_point("steer-standby-egress-detached");
	/*
	 * Without our egress the kernel sends by the primary, and without this it receives from
	 * nothing else.
	 */
	redirect_error = steer_detach_redirect(pair, pins);
	ingress_error = hook_detach(&ingress, remove_clsact);
	crash_point("steer-standby-ingress-detached");

	pair->standby_clsact_is_ours = pair->owner_clsact_is_ours = 0;
	if (!error)
		error = redirect_error;
	return error ? error : ingress_error;
}

int steer_detach_primary(const struct pins *pins, unsigned slot, int ifindex)
{
	struct vfsteer_pair *pair = &pins->pairs[slot];
	struct hook ingress = steer_hook_primary(pins, ifindex);
	int error =
		pair->kind == KIND_PLAIN ? hook_detach(&ingress, pair->primary_clsact_is_ours) : 0;

	pair->primary_clsact_is_ours = 0;
	return error;
}
