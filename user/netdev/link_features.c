/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device's hardware features, by their ethtool names. ethtool's netlink family lists them only
 * since Linux 5.7; ioctls always do.
 */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netdev/link.h"

static bool ethtool(int fd, const char *ifname, void *command)
{
	struct ifreq request = { .ifr_data = command };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", ifname);
	return ioctl(fd, SIOCETHTOOL, &request) == 0;
}

static uint32_t count_features(int fd, const char *ifname)
{
	/* The count comes back behind the header. */
	union {
		struct ethtool_sset_info header;
		uint8_t bytes[sizeof(struct ethtool_sset_info) + sizeof(uint32_t)];
	} set = { .header = { .cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ULL << ETH_SS_FEATURES } };
	uint32_t count = 0;

	if (ethtool(fd, ifname, &set) && set.header.sset_mask)
		memcpy(&count, set.bytes + sizeof(set.header), sizeof(count));
	return count;
}

static bool is_any_on(int fd, const char *ifname, const char *const *names)
{
	uint32_t count = count_features(fd, ifname), blocks = (count + 31) / 32;
	struct ethtool_gstrings *strings =
		calloc(1, sizeof(*strings) + (size_t)count * ETH_GSTRING_LEN);
	struct ethtool_gfeatures *features =
		calloc(1, sizeof(*features) + blocks * sizeof(features->features[0]));
	bool found = false;

	if (!strings || !features || count == 0)
		goto out;
	strings->cmd = ETHTOOL_GSTRINGS;
	strings->string_set = ETH_SS_FEATURES;
	strings->len = count;
	features->cmd = ETHTOOL_GFEATURES;
	features->size = blocks;
	if (!ethtool(fd, ifname, strings) || !ethtool(fd, ifname, features))
		goto out;
	for (uint32_t i = 0; i < count && !found; i++) {
		const char *name = (const char *)strings->data + (size_t)i * ETH_GSTRING_LEN;

		for (const char *const *wanted = names; *wanted; wanted++) {
			if (strncmp(name, *wanted, ETH_GSTRING_LEN) == 0)
				found |= features->features[i / 32].active >> i % 32 & 1;
		}
	}
out:
	free(strings);
	free(features);
	return found;
}

bool link_filters_vlans(const char *ifname)
{
	static const char *const names[] = { "rx-vlan-filter", "rx-vlan-stag-filter", NULL };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
	bool result;

	if (fd < 0)
		return false;
	result = is_any_on(fd, ifname, names);
	close(fd);
	return result;
}
