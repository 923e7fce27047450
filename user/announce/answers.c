/* SPDX-License-Identifier: GPL-2.0-only */
#include "announce/answers.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum {
	ARP_IGNORE_OTHER_DEVICES = 1,
	ARP_IGNORE_OTHER_SUBNETS = 2,
	ARP_IGNORE_SCOPE_HOST = 3,
	ARP_IGNORE_ALL = 8,
};

static unsigned answers_setting(const char *family, const char *device, const char *name)
{
	char path[96 + IF_NAMESIZE], text[16] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, device, name);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	return (unsigned)strtoul(text, NULL, 10);
}

unsigned answers_arp_ignore(const char *name)
{
	unsigned all = answers_setting("ipv4", "all", "arp_ignore"),
		 own = answers_setting("ipv4", name, "arp_ignore");

	return all > own ? all : own;
}

bool answers_as_router(const char *name)
{
	return answers_setting("ipv6", name, "forwarding");
}

/* As inet_ifa_match: is @v4 in the prefix of @with? */
static bool answers_is_in_prefix(struct in_addr v4, const struct netdev_address *with)
{
	uint32_t mask = with->prefix_length ? UINT32_MAX << (32 - with->prefix_length) : 0;

	return !((ntohl(v4.s_addr) ^ ntohl(with->network.s_addr)) & mask);
}

/* Does the device have a prefix that contains @address and, if @needs_asker, another address? */
static bool answers_in_prefix(const struct netdev_table *table,
			      const struct netdev_address *address, bool needs_asker)
{
	const struct netdev_address *with = netdev_address_first(table, address->ifindex);

	for (; with && with->ifindex == address->ifindex; with = netdev_address_next(table, with))
		if (with->family == AF_INET && with->prefix_length <= (needs_asker ? 31 : 32) &&
		    answers_is_in_prefix(address->v4, with))
			return true;
	return false;
}

static bool answers_for_v4(const struct netdev_table *table, const struct netdev_address *address,
			   unsigned arp_ignore)
{
	uint32_t v4 = ntohl(address->v4.s_addr);

	if (v4 == INADDR_ANY || v4 >> 24 == IN_LOOPBACKNET || IN_MULTICAST(v4))
		return false;
	switch (arp_ignore) {
	case ARP_IGNORE_OTHER_DEVICES:
	case ARP_IGNORE_OTHER_SUBNETS:
		return answers_in_prefix(table, address, arp_ignore == ARP_IGNORE_OTHER_SUBNETS);
	case ARP_IGNORE_SCOPE_HOST:
		return address->scope < RT_SCOPE_HOST && answers_in_prefix(table, address, false);
	default:
		return arp_ignore != ARP_IGNORE_ALL;
	}
}

bool answers_for(const struct netdev_table *table, const struct netdev *device,
		 const struct netdev_address *address, unsigned arp_ignore)
{
	if (!(device->flags & IFF_UP) || device->flags & IFF_NOARP)
		return false;
	if (address->family == AF_INET)
		return answers_for_v4(table, address, arp_ignore);
	if (address->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED | IFA_F_OPTIMISTIC))
		return false;
	return !IN6_IS_ADDR_UNSPECIFIED(&address->v6) && !IN6_IS_ADDR_LOOPBACK(&address->v6) &&
	       !IN6_IS_ADDR_MULTICAST(&address->v6);
}
