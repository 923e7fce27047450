/* SPDX-License-Identifier: GPL-2.0-only */
#include "pair/direct.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIRECT_IPV4_CONF "/proc/sys/net/ipv4/conf"
#define DIRECT_IPV6_CONF "/proc/sys/net/ipv6/conf"

#define DIRECT_UNREADABLE (-1)

/*
 * Returns 0 if there is no such file (a kernel without IPv6); DIRECT_UNREADABLE: the value is
 * unknown.
 */
static int direct_read(const char *directory, const char *device, const char *key)
{
	char path[128], value[16] = "";
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s/%s", directory, device, key);
	file = fopen(path, "re");
	if (!file)
		return errno == ENOENT ? 0 : DIRECT_UNREADABLE;
	if (!fgets(value, sizeof(value), file))
		snprintf(value, sizeof(value), "%d", DIRECT_UNREADABLE);
	fclose(file);
	return atoi(value);
}

static int direct_write(const char *directory, const char *device, const char *key,
			const char *value)
{
	char path[128];
	FILE *file;
	int error;

	snprintf(path, sizeof(path), "%s/%s/%s", directory, device, key);
	file = fopen(path, "we");
	if (!file)
		return errno == ENOENT ? 0 : -errno;
	error = fputs(value, file) < 0 ? -errno : 0;
	return fclose(file) && !error ? -errno : error;
}

static bool direct_has_stations_above(const struct netdev_table *table,
				      const struct netdev *standby)
{
	const struct netdev *device = NULL;

	while ((device = netdev_next(table, device)))
		if (device->link == standby->ifindex &&
		    (!strncmp(device->kind, "macv", 4) || !strncmp(device->kind, "ipv", 3)))
			return true;
	return false;
}

const char *direct_refusal(const struct netdev_table *table, const struct netdev *standby)
{
	const int forwarding = direct_read(DIRECT_IPV4_CONF, standby->name, "forwarding"),
		  forwarding6 = direct_read(DIRECT_IPV6_CONF, standby->name, "forwarding"),
		  filter = direct_read(DIRECT_IPV4_CONF, standby->name, "rp_filter"),
		  filter_all = direct_read(DIRECT_IPV4_CONF, "all", "rp_filter");

	if (forwarding < 0 || forwarding6 < 0 || filter < 0 || filter_all < 0)
		return "the standby's settings cannot be read";
	if (standby->master)
		return "the standby is a port of another device";
	if (direct_has_stations_above(table, standby))
		return "the standby has macvlan or ipvlan devices above it";
	if (forwarding || forwarding6)
		return "the standby forwards packets (ip_forward)";
	if (filter_all)
		return "net.ipv4.conf.all.rp_filter is not 0";
	if (filter == 1)
		return "the standby filters strictly by source address (rp_filter = 1)";
	return NULL;
}

int direct_enable(const char *primary)
{
	int error = direct_write(DIRECT_IPV4_CONF, primary, "rp_filter", "0");

	if (!error)
		error = direct_write(DIRECT_IPV4_CONF, primary, "forwarding", "0");
	if (!error)
		error = direct_write(DIRECT_IPV6_CONF, primary, "forwarding", "0");
	/*
	 * Last: with addr_gen_mode none and no router advertisements, IPv6 starts without an
	 * address.
	 */
	if (!error)
		error = direct_write(DIRECT_IPV6_CONF, primary, "disable_ipv6", "0");
	return error;
}

int direct_disable(const char *primary)
{
	char value[16];
	int error = direct_write(DIRECT_IPV6_CONF, primary, "disable_ipv6", "1"), step_error,
	    filter;

	filter = direct_read(DIRECT_IPV4_CONF, "default", "rp_filter");
	/* Do not write an unknown value: the filter stays. */
	if (filter < 0)
		return error ? error : -EIO;
	snprintf(value, sizeof(value), "%d", filter);
	step_error = direct_write(DIRECT_IPV4_CONF, primary, "rp_filter", value);
	return error ? error : step_error;
}
