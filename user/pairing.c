/* SPDX-License-Identifier: GPL-2.0-only */
#include "pairing.h"

#include <net/if_arp.h>
#include <string.h>

static bool pairing_is_virtio(const struct netdev *device)
{
	return !strcmp(device->driver, "virtio_net");
}

static bool pairing_has_permanent_mac(const struct netdev *device)
{
	static const uint8_t none[ETH_ALEN];

	return memcmp(device->permanent_mac, none, ETH_ALEN);
}

static const struct netdev *pairing_by_index(const struct netdev *const *devices, size_t count, int ifindex)
{
	for (size_t i = 0; i < count && ifindex; i++)
		if (devices[i]->ifindex == ifindex)
			return devices[i];
	return NULL;
}

static const struct netdev *pairing_by_name(const struct netdev *const *devices, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(devices[i]->name, name))
			return devices[i];
	return NULL;
}

const struct netdev *pairing_net_failover(const struct netdev *device, const struct netdev *const *devices,
					  size_t count)
{
	const struct netdev *master = pairing_by_index(devices, count, device->master);

	return master && !strcmp(master->driver, "net_failover") ? master : NULL;
}

enum pairing_refusal pairing_judge(const struct netdev *standby, const struct netdev *primary, bool primary_is_named,
				   const struct netdev *const *devices, size_t count)
{
	if (standby->hardware_type != ARPHRD_ETHER || standby->flags & IFF_LOOPBACK)
		return PAIRING_NOT_ETHERNET;
	if (!strcmp(standby->driver, "net_failover") || pairing_net_failover(standby, devices, count))
		return PAIRING_NET_FAILOVER;
	if (!primary_is_named)
		return pairing_has_permanent_mac(standby) ? PAIRING_OK : PAIRING_NO_MAC;
	if (!primary)
		return PAIRING_OK;
	if (primary->ifindex == standby->ifindex)
		return PAIRING_SAME_DEVICE;
	if (primary->hardware_type != ARPHRD_ETHER || primary->flags & IFF_LOOPBACK)
		return PAIRING_NOT_ETHERNET;
	if (pairing_net_failover(primary, devices, count))
		return PAIRING_NET_FAILOVER;
	return PAIRING_OK;
}

/* Hardware that could be a VF: on PCI, Ethernet, not a software device, nobody's slave in net_failover. */
static bool pairing_could_be_primary(const struct netdev *device, const struct netdev *const *devices, size_t count)
{
	return device->hardware_type == ARPHRD_ETHER && device->pci_address[0] && !device->kind[0] &&
	       strcmp(device->driver, "net_failover") && !pairing_net_failover(device, devices, count);
}

/* A device with the MAC of some virtio-net device belongs with that one. */
static bool pairing_is_spoken_for(const struct netdev *device, const struct netdev *const *devices, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (devices[i] != device && pairing_is_virtio(devices[i]) &&
		    !memcmp(devices[i]->permanent_mac, device->permanent_mac, ETH_ALEN))
			return true;
	return false;
}

/* Is it in the 0-terminated list? */
static bool pairing_lists(const int *list, int ifindex)
{
	for (; list && *list; list++)
		if (*list == ifindex)
			return true;
	return false;
}

static void pairing_find_primary(const struct netdev *standby, const struct netdev *const *devices, size_t count,
				 const int *current, const int *taken, struct pairing *pairing)
{
	const struct netdev *best = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct netdev *device = devices[i];

		if (device->ifindex == standby->ifindex || pairing_lists(taken, device->ifindex) ||
		    !pairing_could_be_primary(device, devices, count))
			continue;
		if (memcmp(device->permanent_mac, standby->permanent_mac, ETH_ALEN)) {
			if (!pairing_is_virtio(device) && !pairing_is_spoken_for(device, devices, count))
				pairing->lookalike = device;
			continue;
		}
		if (!best || (pairing_lists(current, device->ifindex) && !pairing_lists(current, best->ifindex)) ||
		    (pairing_lists(current, device->ifindex) == pairing_lists(current, best->ifindex) &&
		     device->ifindex < best->ifindex))
			best = device;
	}
	if (best) {
		pairing->primary = best->ifindex;
		pairing->lookalike = NULL;
	}
}

/* A virtio-net device whose MAC an earlier virtio-net device has is that one's primary, not a standby. */
static bool pairing_is_second_virtio(const struct netdev *device, const struct netdev *const *devices, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (devices[i]->ifindex < device->ifindex && pairing_is_virtio(devices[i]) &&
		    !memcmp(devices[i]->permanent_mac, device->permanent_mac, ETH_ALEN))
			return true;
	return false;
}

static size_t pairing_find_all(const struct netdev *const *devices, size_t count, const int *current,
			       struct pairing *pairings, size_t size)
{
	size_t found = 0;

	for (size_t i = 0; i < count && found < size; i++) {
		struct pairing pairing = { .standby = devices[i]->ifindex };

		if (!pairing_is_virtio(devices[i]) || pairing_is_second_virtio(devices[i], devices, count) ||
		    pairing_judge(devices[i], NULL, false, devices, count) != PAIRING_OK)
			continue;
		pairing_find_primary(devices[i], devices, count, current, NULL, &pairing);
		pairings[found++] = pairing;
	}
	return found;
}

/* A device that was asked for by name, as whatever, is not found as another pair's primary. Two at most for each request. */
static size_t pairing_list_named(const struct netdev *const *devices, size_t count, const struct options_pair *requested,
				 size_t requested_count, int *ret)
{
	size_t listed = 0;

	for (size_t i = 0; i < requested_count; i++) {
		const struct netdev *standby = pairing_by_name(devices, count, requested[i].standby);
		const struct netdev *primary = pairing_by_name(devices, count, requested[i].primary);

		if (standby)
			ret[listed++] = standby->ifindex;
		if (primary)
			ret[listed++] = primary->ifindex;
	}
	return listed;
}

size_t pairing_find(const struct netdev *const *devices, size_t count, const struct options_pair *requested,
		    size_t requested_count, const int *current, struct pairing *pairings, size_t size)
{
	int taken[3 * VFSTEER_MAX_PAIRS + 1] = { 0 };
	size_t found = 0, taken_count;

	if (!requested_count)
		return pairing_find_all(devices, count, current, pairings, size);
	taken_count = pairing_list_named(devices, count, requested, requested_count, taken);
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
		if (pairing.named)
			pairing.primary = primary ? primary->ifindex : 0;
		else
			pairing_find_primary(standby, devices, count, current, taken, &pairing);
		if (pairing.primary)
			taken[taken_count++] = pairing.primary;
		pairings[found++] = pairing;
	}
	return found;
}
