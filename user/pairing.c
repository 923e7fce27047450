/* SPDX-License-Identifier: GPL-2.0-only */
#include "pairing.h"
#include "candidates.h"

#include <net/if_arp.h>
#include <string.h>

static const struct netdev *pairing_by_name(const struct netdev *const *devices, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(devices[i]->name, name))
			return devices[i];
	return NULL;
}

enum pairing_refusal pairing_judge(const struct netdev *standby, const struct netdev *primary, bool primary_is_named,
				   const struct netdev *const *devices, size_t count)
{
	if (standby->hardware_type != ARPHRD_ETHER || standby->flags & IFF_LOOPBACK)
		return PAIRING_NOT_ETHERNET;
	if (!strcmp(standby->driver, "net_failover") || candidates_net_failover(standby, devices, count))
		return PAIRING_NET_FAILOVER;
	if (!primary_is_named)
		return candidates_has_permanent_mac(standby) ? PAIRING_OK : PAIRING_NO_MAC;
	if (!primary)
		return PAIRING_OK;
	if (primary->ifindex == standby->ifindex)
		return PAIRING_SAME_DEVICE;
	if (primary->hardware_type != ARPHRD_ETHER || primary->flags & IFF_LOOPBACK)
		return PAIRING_NOT_ETHERNET;
	if (candidates_net_failover(primary, devices, count))
		return PAIRING_NET_FAILOVER;
	return PAIRING_OK;
}

/* A virtio-net device whose MAC an earlier virtio-net device has is that one's primary, not a standby. */
static bool pairing_is_second_virtio(const struct netdev *device, const struct netdev *const *devices, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (devices[i]->ifindex < device->ifindex && candidates_is_virtio(devices[i]) &&
		    !memcmp(devices[i]->permanent_mac, device->permanent_mac, ETH_ALEN))
			return true;
	return false;
}

static size_t pairing_find_all(const struct netdev *const *devices, size_t count, const int *current,
			       struct pairing *pairings, size_t size)
{
	size_t found = 0;

	for (size_t i = 0; i < count && found < size; i++) {
		const struct candidates_view view = { .devices = devices, .count = count, .in_use = current };
		const struct netdev *primary;

		if (!candidates_is_virtio(devices[i]) || pairing_is_second_virtio(devices[i], devices, count) ||
		    pairing_judge(devices[i], NULL, false, devices, count) != PAIRING_OK)
			continue;
		primary = candidates_choose(&view, devices[i]);
		pairings[found++] = (struct pairing){ .standby = devices[i]->ifindex, .primary = primary ? primary->ifindex : 0 };
	}
	return found;
}

/* What the requests name is theirs, and cannot be found by another's MAC. */
static size_t pairing_take_named(const struct netdev *const *devices, size_t count, const struct options_pair *requested,
				 size_t requested_count, int *taken)
{
	size_t taken_count = 0;

	for (size_t i = 0; i < requested_count; i++) {
		const struct netdev *standby = pairing_by_name(devices, count, requested[i].standby);
		const struct netdev *primary = pairing_by_name(devices, count, requested[i].primary);

		if (standby)
			taken[taken_count++] = standby->ifindex;
		if (primary)
			taken[taken_count++] = primary->ifindex;
	}
	return taken_count;
}

size_t pairing_find(const struct netdev *const *devices, size_t count, const struct options_pair *requested,
		    size_t requested_count, const int *current, struct pairing *pairings, size_t size)
{
	/* Standbys, named primaries, found primaries. */
	int taken[3 * VFSTEER_MAX_PAIRS + 1] = { 0 };
	const struct candidates_view view = { .devices = devices, .count = count, .in_use = current, .taken = taken };
	size_t found = 0, taken_count;

	if (!requested_count)
		return pairing_find_all(devices, count, current, pairings, size);
	taken_count = pairing_take_named(devices, count, requested, requested_count, taken);
	for (size_t i = 0; i < requested_count && found < size; i++) {
		const struct netdev *standby = pairing_by_name(devices, count, requested[i].standby);
		const struct netdev *primary = pairing_by_name(devices, count, requested[i].primary);
		struct pairing pairing = { .named = requested[i].primary[0], .rx_direct = requested[i].rx_direct };

		if (!standby)
			continue;
		if (pairing_judge(standby, primary, pairing.named, devices, count) != PAIRING_OK) {
			/* A named primary that may not be one costs the primary, not the pair. */
			if (!primary || pairing_judge(standby, NULL, pairing.named, devices, count) != PAIRING_OK)
				continue;
			primary = NULL;
		}
		pairing.standby = standby->ifindex;
		if (!pairing.named) {
			primary = candidates_choose(&view, standby);
			if (primary)
				taken[taken_count++] = primary->ifindex;
		}
		pairing.primary = primary ? primary->ifindex : 0;
		pairings[found++] = pairing;
	}
	return found;
}
