/* SPDX-License-Identifier: GPL-2.0-only */
#include "policy/port_check.h"
#include "base/mac.h"

#include <errno.h>
#include <net/if_arp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct refusal {
	const char *name; /* of the port */
	char *text;
	size_t size;
};

__attribute__((format(printf, 3, 4))) static int refuse(const struct refusal *refusal, int error,
							const char *format, ...)
{
	int length = snprintf(refusal->text, refusal->size, "%s: ", refusal->name);
	va_list arguments;

	va_start(arguments, format);
	if (length >= 0 && (size_t)length < refusal->size)
		vsnprintf(refusal->text + length, refusal->size - (size_t)length, format,
			  arguments);
	va_end(arguments);
	return error;
}

static int check_device(const struct port_check *check, const struct refusal *refusal)
{
	const struct netdev *device = check->device;

	if (!device)
		return refuse(refusal, -ENODEV,
			      "no such interface: 'ip link' lists those there are");
	if (device->hardware_type != ARPHRD_ETHER)
		return refuse(refusal, -EINVAL, "not Ethernet: name an interface with a MAC");
	if (check->primary_of)
		return refuse(refusal, -EBUSY,
			      "the primary of %s: name an interface whose other end is to be on "
			      "its network",
			      check->primary_of);
	for (unsigned i = 0; i < check->pair_count; i++) {
		const struct vfsteer_pair *pair = &check->pairs[i];

		if (!pair->standby[0])
			continue;
		if (pair->standby_ifindex == (__u32)device->ifindex ||
		    pair->owner_ifindex == (__u32)device->ifindex)
			return refuse(refusal, -EBUSY,
				      "the standby of a pair: name an interface whose other end is "
				      "to be on its network");
		/* It would receive what it sends. */
		if (device->link && strcmp(device->kind, "veth") &&
		    (pair->standby_ifindex == (__u32)device->link ||
		     pair->owner_ifindex == (__u32)device->link ||
		     pair->primary_ifindex == (__u32)device->link))
			return refuse(
				refusal, -EINVAL,
				"it is on the pair %.15s itself, and so on its network already",
				pair->owner[0] ? pair->owner : pair->standby);
	}
	if (check->master)
		return refuse(refusal, -EBUSY,
			      "enslaved to %s: detach it first: ip link set %s nomaster",
			      check->master, device->name);
	return 0;
}

static int check_others(const struct port_check *check, const struct refusal *refusal)
{
	bool is_room = check->number >= 0 || !check->ports;

	for (int i = 0; check->ports && i < VFSTEER_MAX_PORTS; i++) {
		const struct vfsteer_port *other = &check->ports[i];

		if (!other->name[0])
			is_room = true;
		if (!other->name[0] || i == check->number)
			continue;
		if (!strcmp(other->name, check->requested->name) ||
		    (other->ifindex && other->ifindex == (__u32)check->device->ifindex))
			return refuse(refusal, -EEXIST,
				      "a port already: 'vfsteer port del %s' first",
				      check->requested->name);
		/*
		 * Of two that exclude each other, the first one present is bound. One that waits
		 * takes nothing.
		 */
		if (!other->ifindex || strcmp(other->pair, check->requested->pair))
			continue;
		if (check->requested->passthrough && other->passthrough)
			return refuse(refusal, -EEXIST,
				      "%s has the passthrough port %.15s already: 'vfsteer port "
				      "del %.15s' first",
				      check->requested->pair, other->name, other->name);
		if (!check->requested->passthrough && !other->passthrough &&
		    !memcmp(other->mac_address, check->mac, ETH_ALEN))
			return refuse(refusal, -EEXIST,
				      "%.17s is the MAC of the port %.15s: give its other end "
				      "another one",
				      other->mac, other->name);
	}
	return is_room ? 0
		       : refuse(refusal, -ENOSPC,
				"no room: there are %d ports, and no more are possible: 'vfsteer "
				"port del' one first",
				VFSTEER_MAX_PORTS);
}

int port_check(const struct port_check *check, char *text, size_t size)
{
	const struct refusal refusal = { .name = check->requested->name,
					 .text = text,
					 .size = size };
	char mac[MAC_TEXT_SIZE];
	int error = check_device(check, &refusal);

	if (error)
		return error;
	if (!check->standby)
		return refuse(&refusal, -ENODEV,
			      "no pair %s: 'vfsteer status' lists those there are",
			      check->requested->pair);
	if (check->standby_master)
		return refuse(
			&refusal, -EBUSY,
			"%s is enslaved to %s: attach it there instead: ip link set %s master %s",
			check->requested->pair, check->standby_master, check->requested->name,
			check->standby_master);
	if (!check->requested->passthrough && !check->mac)
		return refuse(&refusal, -EINVAL,
			      "the MAC behind it is not known: use --mac MAC or --passthrough");
	if (!check->requested->passthrough && !memcmp(check->mac, check->standby->mac, ETH_ALEN)) {
		mac_write(check->mac, mac);
		return refuse(&refusal, -EEXIST,
			      "%s is the MAC of %s itself: use --passthrough if it is to own that "
			      "MAC, or give its other end another one",
			      mac, check->requested->pair);
	}
	return check_others(check, &refusal);
}
