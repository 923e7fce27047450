/* SPDX-License-Identifier: GPL-2.0-only */
#include "pair/xdp_mirror.h"
#include "base/crash_point.h"
#include "datapath/xdp_broker.h"
#include "maps/pins_make.h"
#include "pair/pair.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <string.h>
#include <unistd.h>

#define MIRROR_TRIES 3 /* the program may be replaced while it is read */

enum xdp_mirror_plan xdp_mirror_decide(const struct xdp_mirror_view *view,
				       enum vfsteer_xdp_mirror *ret_mirror)
{
	*ret_mirror = XDP_MIRROR_NONE;
	if (!view->standby_program || view->standby_program == view->ports_program)
		return XDP_PLAN_NOTHING;
	*ret_mirror = XDP_MIRROR_IGNORED;
	if (view->ignored)
		return XDP_PLAN_NOTHING;
	*ret_mirror = XDP_MIRROR_STANDBY;
	if (view->standby_mode == XDP_ATTACHED_SKB)
		return XDP_PLAN_NOTHING;
	/*
	 * A redirect to a socket of another device is refused and the frame dropped (xsk_rcv_check,
	 * net/xdp/xsk.c).
	 */
	*ret_mirror = XDP_MIRROR_SOCKETS;
	if (view->sockets)
		return XDP_PLAN_NOTHING;
	*ret_mirror =
		view->primary_mode == XDP_ATTACHED_SKB ? XDP_MIRROR_GENERIC : XDP_MIRROR_NATIVE;
	/* Another link on the primary besides ours is not possible: a device has one. */
	return view->primary_program == view->standby_program ? XDP_PLAN_KEEP : XDP_PLAN_ATTACH;
}

bool xdp_mirror_is_missing(enum vfsteer_xdp_mirror mirror)
{
	return mirror == XDP_MIRROR_UNBROKERED || mirror == XDP_MIRROR_OCCUPIED ||
	       mirror == XDP_MIRROR_REFUSED || mirror == XDP_MIRROR_SOCKETS;
}

static struct xdp_mirror_view mirror_view(struct world *world, const struct pair *pair)
{
	const struct netdev *standby = netdev_by_index(world->table, pair->standby);
	const struct netdev *primary = netdev_by_index(world->table, pair->primary);
	struct xdp ports = port_programs_standby_xdp(&world->pins, pair->standby);
	struct xdp link = xdp_mirror_link(&world->pins, pair->primary);
	struct xdp_mirror_view view = { .ignored = pair->pairing.xdp_ignored };

	if (standby && standby->xdp_program) {
		view.standby_mode = standby->xdp_mode;
		view.standby_program = standby->xdp_program;
		view.ports_program = xdp_program(&ports);
		view.sockets = bypass_count_sockets(pair->standby);
	}
	if (primary) {
		view.primary_mode = primary->xdp_mode;
		view.primary_program = primary->xdp_program;
		view.mirrored_program = xdp_program(&link);
	}
	return view;
}

/* False: the primary is not drained yet; the change waits for that. */
static bool mirror_make_way(struct world *world, struct pair *pair)
{
	pair->mirror_waits = !pair_step_aside(world, pair, CAUSE_XDP);
	return !pair->mirror_waits;
}

/*
 * While down, a primary receives nothing past the program, and its host gives its frames to the
 * standby. Call it after mirror_make_way.
 */
static void mirror_shut(struct world *world, struct pair *pair)
{
	pair_slot(world, pair)->primary_is_shut = 1;
	crash_point("xdp-mirror-about-to-shut");
	link_set_flags(world->requests, pair->primary, 0, IFF_UP);
	crash_point("xdp-mirror-shut");
	netdev_refresh(world->table, pair->primary);
}

static void mirror_reopen(struct world *world, struct pair *pair)
{
	if (link_set_flags(world->requests, pair->primary, IFF_UP, IFF_UP))
		return;
	crash_point("xdp-mirror-reopened");
	pair_slot(world, pair)->primary_is_shut = 0;
	netdev_refresh(world->table, pair->primary);
}

/* The ports' program on the primary makes room, or takes its place again. */
static void mirror_update_uplinks(struct world *world, struct pair *pair, bool filtered)
{
	if (pair->filtered == filtered)
		return;
	pair->filtered = filtered;
	pair_update_uplinks(world, pair);
	netdev_refresh(world->table, pair->primary);
}

/* *error: errno of XDP_MIRROR_REFUSED. */
static enum vfsteer_xdp_mirror mirror_create(const struct xdp *link, int program_fd, int *error)
{
	*error = xdp_create(link, program_fd, XDP_FLAGS_DRV_MODE);
	if (!*error)
		return XDP_MIRROR_NATIVE;
	if (*error == -EBUSY || *error == -EEXIST)
		return XDP_MIRROR_OCCUPIED;
	/* Later and slower, but before the stack. */
	*error = xdp_create(link, program_fd, XDP_FLAGS_SKB_MODE);
	if (!*error)
		return XDP_MIRROR_GENERIC;
	return *error == -EBUSY || *error == -EEXIST ? XDP_MIRROR_OCCUPIED : XDP_MIRROR_REFUSED;
}

static enum vfsteer_xdp_mirror mirror_attach(struct world *world, struct pair *pair,
					     const struct xdp_mirror_view *view, int *error)
{
	struct xdp link = xdp_mirror_link(&world->pins, pair->primary);
	int program_fd = xdp_broker_ask(pair->standby, view->standby_program);
	enum vfsteer_xdp_mirror mirror;

	if (program_fd < 0) {
		*error = program_fd;
		return program_fd == -ENOTCONN ? XDP_MIRROR_UNBROKERED : XDP_MIRROR_REFUSED;
	}
	if (view->mirrored_program && !xdp_update(&link, program_fd)) {
		close(program_fd);
		return view->primary_mode == XDP_ATTACHED_SKB ? XDP_MIRROR_GENERIC
							      : XDP_MIRROR_NATIVE;
	}
	if (!mirror_make_way(world, pair)) {
		close(program_fd);
		/* It was not tried. */
		memset(&pair->mirror_tried, 0, sizeof(pair->mirror_tried));
		return pair_slot(world, pair)->xdp_mirror;
	}
	/*
	 * The driver does not accept the new program like the last one, and must not receive
	 * without any.
	 */
	if (view->mirrored_program)
		mirror_shut(world, pair);
	xdp_detach(&link);
	crash_point("xdp-mirror-place-cleared");
	mirror = mirror_create(&link, program_fd, error);
	crash_point("xdp-mirror-attached");
	close(program_fd);
	return mirror;
}

/*
 * Was it refused, with the same state of the devices? A driver logs each attempt to the kernel log.
 */
static bool mirror_was_refused(struct world *world, struct pair *pair,
			       const struct xdp_mirror_view *view)
{
	const struct netdev *primary = netdev_by_index(world->table, pair->primary);
	const struct vfsteer_pair *slot = pair_slot(world, pair);
	struct xdp_mirror_try now;

	/* It is gone: nothing to request. */
	if (!primary)
		return true;
	memset(&now, 0, sizeof(now));
	now.standby_program = view->standby_program;
	now.primary_program = view->primary_program;
	now.primary = pair->primary;
	now.mtu = primary->mtu;
	if (!memcmp(&now, &pair->mirror_tried, sizeof(now)) &&
	    (slot->xdp_mirror == XDP_MIRROR_OCCUPIED || slot->xdp_mirror == XDP_MIRROR_REFUSED) &&
	    slot->xdp_mirror_error != ETIMEDOUT)
		return true;
	pair->mirror_tried = now;
	return false;
}

static enum vfsteer_xdp_mirror mirror_carry_out(struct world *world, struct pair *pair, int *error)
{
	struct xdp link = xdp_mirror_link(&world->pins, pair->primary);
	enum vfsteer_xdp_mirror mirror = XDP_MIRROR_REFUSED;

	for (int i = 0; i < MIRROR_TRIES; i++) {
		struct xdp_mirror_view view = mirror_view(world, pair);

		switch (xdp_mirror_decide(&view, &mirror)) {
		case XDP_PLAN_ATTACH:
			break;
		case XDP_PLAN_KEEP:
			mirror_update_uplinks(world, pair, true);
			return mirror;
		default:
			if (view.mirrored_program && !mirror_make_way(world, pair))
				return pair_slot(world, pair)->xdp_mirror;
			if (view.mirrored_program && xdp_mirror_is_missing(mirror))
				mirror_shut(world, pair);
			/* Also removes the pin of a link that a killed agent had detached. */
			xdp_detach(&link);
			crash_point("xdp-mirror-taken-away");
			mirror_update_uplinks(world, pair, mirror == XDP_MIRROR_STANDBY);
			return mirror;
		}
		mirror_update_uplinks(world, pair, true);
		pair->mirror_waits = pair->uplinks.waits;
		if (pair->mirror_waits)
			return pair_slot(world, pair)->xdp_mirror;
		view = mirror_view(world, pair);
		if (mirror_was_refused(world, pair, &view)) {
			*error = -pair_slot(world, pair)->xdp_mirror_error;
			return pair_slot(world, pair)->xdp_mirror;
		}
		mirror = mirror_attach(world, pair, &view, error);
		netdev_refresh(world->table, pair->primary);
		if (pair->mirror_waits || mirror != XDP_MIRROR_REFUSED || *error != -ENOENT)
			return mirror;
		netdev_refresh(world->table, pair->standby);
	}
	return mirror;
}

/*
 * A byte holds the errors that C libraries describe; drivers also return the kernel's internal
 * ENOTSUPP, 524.
 */
static __u8 mirror_errno(int error)
{
	return -error <= UINT8_MAX ? (__u8)-error : EOPNOTSUPP;
}

bool xdp_mirror_update(struct world *world, struct pair *pair)
{
	const struct netdev *standby = netdev_by_index(world->table, pair->standby),
			    *primary = netdev_by_index(world->table, pair->primary);
	struct vfsteer_pair *slot = pair_slot(world, pair);
	enum vfsteer_xdp_mirror before = slot->xdp_mirror, mirror;
	bool was_shut = slot->primary_is_shut, is_missing;
	int error = 0;

	pair->mirror_waits = false;
	/* A program on the master of net_failover sees the frames of both slaves. */
	if (!standby || !primary || pair->kind == KIND_NET_FAILOVER ||
	    (pair->mirror_is_known && !standby->xdp_program && before == XDP_MIRROR_NONE &&
	     !was_shut))
		return false;
	pair->mirror_is_known = true;
	mirror = mirror_carry_out(world, pair, &error);
	if (pair->mirror_waits)
		return false;
	slot->xdp_mirror_error = mirror == XDP_MIRROR_REFUSED ? mirror_errno(error) : 0;
	if (mirror != before) {
		slot->xdp_mirror = mirror;
		crash_point("xdp-mirror-noted");
	}
	is_missing = xdp_mirror_is_missing(mirror);
	if (is_missing && pair->unfit == DOWN_NOT)
		pair->unfit = DOWN_XDP;
	else if (!is_missing && pair->unfit == DOWN_XDP)
		pair->unfit = DOWN_NOT;
	primary = netdev_by_index(world->table, pair->primary);
	if (is_missing && primary && primary->flags & IFF_UP && mirror_make_way(world, pair))
		mirror_shut(world, pair);
	else if (!is_missing && slot->primary_is_shut)
		mirror_reopen(world, pair);
	return mirror != before || slot->primary_is_shut != was_shut;
}

void xdp_mirror_remove(struct world *world, struct pair *pair)
{
	struct xdp link = xdp_mirror_link(&world->pins, pair->primary);
	struct vfsteer_pair *slot = pair_slot(world, pair);

	xdp_detach(&link);
	crash_point("xdp-mirror-parted");
	slot->xdp_mirror = XDP_MIRROR_NONE;
	slot->xdp_mirror_error = slot->primary_is_shut = 0;
	pair->filtered = pair->mirror_is_known = pair->mirror_waits = false;
	memset(&pair->mirror_tried, 0, sizeof(pair->mirror_tried));
}
