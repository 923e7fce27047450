/* SPDX-License-Identifier: GPL-2.0-only */
#include "policy/pairing.h"

#include <net/if_arp.h>
#include <string.h>

const struct netdev *pairing_by_name(const struct candidates_view *view, const char *name)
{
	for (size_t i = 0; *name && i < view->count; i++)
		if (netdev_is_called(view->devices[i], name))
			return view->devices[i];
	return NULL;
}

const struct netdev *pairing_standby_of(const struct netdev *device,
					const struct netdev *const *devices, size_t count)
{
	return strcmp(device->driver, "net_failover")
		       ? device
		       : candidates_standby_of(device, devices, count);
}

enum pairing_refusal pairing_judge(const struct netdev *standby, const struct netdev *primary,
				   bool primary_is_named, const struct netdev *const *devices,
				   size_t count)
{
	const struct netdev *master;

	if (standby->hardware_type != ARPHRD_ETHER || standby->flags & IFF_LOOPBACK)
		return PAIRING_NOT_ETHERNET;
	/* A VF that is the primary of net_failover was named as standby. */
	master = candidates_net_failover(standby, devices, count);
	if (master && candidates_standby_of(master, devices, count) != standby)
		return PAIRING_NET_FAILOVER;
	if (!primary_is_named)
		return candidates_has_permanent_mac(standby) ? PAIRING_OK : PAIRING_NO_MAC;
	if (!primary)
		return PAIRING_OK;
	if (primary->ifindex == standby->ifindex)
		return PAIRING_SAME_DEVICE;
	if (primary->hardware_type != ARPHRD_ETHER || primary->flags & IFF_LOOPBACK)
		return PAIRING_NOT_ETHERNET;
	if (master && primary->master == master->ifindex)
		return PAIRING_OK;
	if (master || candidates_net_failover(primary, devices, count))
		return PAIRING_NET_FAILOVER;
	return candidates_are_stacked(devices, count, standby, primary) ? PAIRING_STACKED
									: PAIRING_OK;
}

/* A virtio-net device with the MAC of an earlier one is its primary, not a standby. */
static bool pairing_is_second_virtio(const struct netdev *device,
				     const struct netdev *const *devices, size_t count)
{
	/* Its master decides. */
	if (candidates_net_failover(device, devices, count))
		return false;
	for (size_t i = 0; i < count; i++)
		if (devices[i]->ifindex < device->ifindex && candidates_is_virtio(devices[i]) &&
		    !memcmp(devices[i]->permanent_mac, device->permanent_mac, ETH_ALEN))
			return true;
	return false;
}

static void pairing_set_owner(const struct candidates_view *view, const struct netdev *standby,
			      struct pairing *pairing)
{
	const struct netdev *master = candidates_net_failover(standby, view->devices, view->count);

	pairing->standby = standby->ifindex;
	pairing->owner = master ? master->ifindex : standby->ifindex;
	pairing->kind = master ? KIND_NET_FAILOVER : KIND_PLAIN;
}

static size_t pairing_find_all(const struct candidates_view *seen, struct pairing *pairings,
			       size_t size)
{
	struct candidates_view view = *seen;
	size_t found = 0;

	view.taken = NULL;
	for (size_t i = 0; i < view.count && found < size; i++) {
		const struct netdev *device = view.devices[i], *primary;

		if (!candidates_is_virtio(device) ||
		    pairing_is_second_virtio(device, view.devices, view.count) ||
		    pairing_judge(device, NULL, false, view.devices, view.count) != PAIRING_OK)
			continue;
		primary = candidates_choose(&view, device);
		pairings[found] = (struct pairing){ .primary = primary ? primary->ifindex : 0 };
		pairing_set_owner(&view, device, &pairings[found++]);
	}
	return found;
}

/* @list ends with 0; NULL is an empty one. */
static bool pairing_lists(const int *list, const struct netdev *device)
{
	for (; list && *list; list++)
		if (*list == device->ifindex)
			return true;
	return false;
}

/*
 * May the device that the request names be its primary? Yes if it is in use: software may change
 * the MAC that identifies it.
 */
static bool pairing_may_be(const struct candidates_view *view, const struct pairing_pinned *pinned,
			   const struct netdev *standby, const struct netdev *device)
{
	if (!pinned || !identity_is_pinned(&pinned->primary) ||
	    identity_matches(&pinned->primary, device, standby, true))
		return true;
	return identity_is_by_mac(&pinned->primary) && pairing_lists(view->in_use, device);
}

static const struct netdev *pairing_standby(const struct candidates_view *view,
					    const struct options_pair *request,
					    const struct pairing_pinned *pinned)
{
	const struct netdev *device = pairing_by_name(view, request->standby);

	if (device)
		device = pairing_standby_of(device, view->devices, view->count);
	if (device && pinned && identity_is_pinned(&pinned->standby) &&
	    !identity_matches(&pinned->standby, device, NULL, true))
		return NULL;
	return device;
}

/*
 * Returns the device that the request names, if it is the pinned one; else the pinned one under
 * another name. Of several the one in use, then the first.
 */
static const struct netdev *pairing_primary(const struct candidates_view *view,
					    const struct options_pair *request,
					    const struct pairing_pinned *pinned,
					    const struct netdev *standby)
{
	const struct netdev *device = pairing_by_name(view, request->primary), *found = NULL;

	if (!request->primary[0] || !pinned || !identity_is_pinned(&pinned->primary) ||
	    (device && pairing_may_be(view, pinned, standby, device)))
		return device;
	for (size_t i = 0; i < view->count; i++) {
		device = view->devices[i];
		if (device == standby || pairing_lists(view->taken, device) ||
		    !identity_matches(&pinned->primary, device, NULL, false))
			continue;
		if (!found || candidates_is_better(view, device, found))
			found = device;
	}
	return found;
}

/* Devices that requests name cannot be found by the MAC of another. */
static size_t pairing_take_named(const struct candidates_view *view,
				 const struct options_pair *requested, size_t requested_count,
				 const struct pairing_pinned *pinned, int *taken)
{
	size_t taken_count = 0;

	for (size_t i = 0; i < requested_count; i++) {
		const struct netdev *standby =
			pairing_standby(view, &requested[i], pinned ? &pinned[i] : NULL);
		const struct netdev *primary = pairing_by_name(view, requested[i].primary);

		if (primary && !pairing_may_be(view, pinned ? &pinned[i] : NULL, standby, primary))
			primary = NULL;
		if (standby)
			taken[taken_count++] = standby->ifindex;
		if (primary)
			taken[taken_count++] = primary->ifindex;
	}
	return taken_count;
}

/* Two names may belong to one device. */
static bool pairing_has(const struct pairing *pairings, size_t count, const struct netdev *device)
{
	for (size_t i = 0; i < count; i++)
		if (pairings[i].standby == device->ifindex ||
		    pairings[i].primary == device->ifindex)
			return true;
	return false;
}

size_t pairing_find(const struct candidates_view *seen, const struct options_pair *requested,
		    size_t requested_count, const struct pairing_pinned *pinned,
		    struct pairing *pairings, size_t size)
{
	/* Standbys, named primaries, found primaries. */
	int taken[3 * VFSTEER_MAX_PAIRS + 1] = { 0 };
	struct candidates_view view = *seen;
	size_t found = 0, taken_count;

	if (!requested_count)
		return pairing_find_all(&view, pairings, size);
	view.taken = taken;
	taken_count = pairing_take_named(&view, requested, requested_count, pinned, taken);
	for (size_t i = 0; i < requested_count && found < size; i++) {
		const struct netdev *standby = pairing_standby(&view, &requested[i],
							       pinned ? &pinned[i] : NULL),
				    *primary;
		struct pairing pairing = { .named = requested[i].primary[0],
					   .rx_direct = requested[i].rx_direct,
					   .xdp_ignored = requested[i].xdp_ignored,
					   .egress = requested[i].egress,
					   .qdisc = requested[i].qdisc,
					   .request = i };

		if (!standby || pairing_has(pairings, found, standby) ||
		    pairing_judge(standby, NULL, pairing.named, view.devices, view.count) !=
			    PAIRING_OK)
			continue;
		pairing_set_owner(&view, standby, &pairing);
		primary =
			pairing_primary(&view, &requested[i], pinned ? &pinned[i] : NULL, standby);
		/* A named primary that is not suitable costs only the primary, not the pair. */
		if (primary &&
		    (pairing_judge(standby, primary, true, view.devices, view.count) !=
			     PAIRING_OK ||
		     pairing_has(pairings, found, primary) ||
		     (pairing.kind == KIND_PLAIN &&
		      candidates_judge_owners(&view, standby, primary) != CANDIDATE_FIT)))
			primary = NULL;
		if (!pairing.named)
			primary = candidates_choose(&view, standby);
		if (primary)
			taken[taken_count++] = primary->ifindex;
		pairing.primary = primary ? primary->ifindex : 0;
		pairings[found++] = pairing;
	}
	return found;
}
