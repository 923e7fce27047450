/* SPDX-License-Identifier: GPL-2.0-only */
#include "policy/identity.h"
#include "base/mac.h"

#include <stdio.h>
#include <string.h>

static const uint8_t no_mac[ETH_ALEN];

static bool has_permanent_mac(const struct netdev *device)
{
	return memcmp(device->permanent_mac, no_mac, ETH_ALEN);
}

static bool is_hardware(const struct netdev *device)
{
	return !device->kind[0] && device->pci_address[0];
}

bool identity_is_pinned(const struct identity *identity)
{
	return memcmp(identity->mac, no_mac, ETH_ALEN);
}

struct identity identity_of(const struct netdev *device)
{
	struct identity identity = { 0 };

	memcpy(identity.mac, has_permanent_mac(device) ? device->permanent_mac : device->mac,
	       ETH_ALEN);
	if (!has_permanent_mac(device))
		snprintf(identity.address, sizeof(identity.address), "%s",
			 is_hardware(device) ? device->pci_address : IDENTITY_SOFTWARE);
	return identity;
}

bool identity_is_by_mac(const struct identity *identity)
{
	return identity_is_pinned(identity) && !strcmp(identity->address, IDENTITY_SOFTWARE);
}

bool identity_matches(const struct identity *identity, const struct netdev *device,
		      const struct netdev *standby, bool is_called)
{
	if (!identity->address[0])
		/* Software may inherit the permanent MAC of the device below: ipvlan, macvlan. */
		return !memcmp(identity->mac, device->permanent_mac, ETH_ALEN) &&
		       (is_called || is_hardware(device));
	if (has_permanent_mac(device))
		return false;
	if (!identity_is_by_mac(identity))
		return is_hardware(device) && !strcmp(identity->address, device->pci_address);
	return is_called && !is_hardware(device) &&
	       (!memcmp(identity->mac, device->mac, ETH_ALEN) ||
		(standby && !memcmp(standby->mac, device->mac, ETH_ALEN)));
}

void identity_describe(const struct identity *identity, char ret[IDENTITY_TEXT_SIZE])
{
	char mac[MAC_TEXT_SIZE];

	mac_write(identity->mac, mac);
	if (!identity->address[0])
		snprintf(ret, IDENTITY_TEXT_SIZE, "permanent MAC %s", mac);
	else if (strcmp(identity->address, IDENTITY_SOFTWARE))
		snprintf(ret, IDENTITY_TEXT_SIZE, "PCI address %.15s", identity->address);
	else
		snprintf(ret, IDENTITY_TEXT_SIZE, "MAC %s", mac);
}

/* FNV-1a, see <https://datatracker.ietf.org/doc/html/draft-eastlake-fnv>. */
uint32_t identity_hash_name(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	return hash ? hash : 1;
}

bool identity_is_called(const struct netdev *device, uint32_t hash)
{
	for (const char *name = device->name; name && hash; name = netdev_next_name(device, name))
		if (identity_hash_name(name) == hash)
			return true;
	return false;
}
