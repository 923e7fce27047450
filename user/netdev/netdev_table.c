/* SPDX-License-Identifier: GPL-2.0-only */
#include "netdev/netdev_table.h"
#include "base/room.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The index of @ifindex, or where to insert it. */
static size_t device_place(const struct netdev_table *table, int ifindex)
{
	size_t low = 0, high = table->device_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->devices[middle].ifindex < ifindex)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct netdev *netdev_device_find(const struct netdev_table *table, int ifindex)
{
	size_t place = device_place(table, ifindex);

	return place < table->device_count && table->devices[place].ifindex == ifindex
		       ? &table->devices[place]
		       : NULL;
}

/* Is @device the same device as @known, maybe in another state? */
static bool is_same_device(const struct netdev *known, const struct netdev *device)
{
	struct netdev other;

	memcpy(&other, known, sizeof(other));
	other.flags = device->flags;
	other.mtu = device->mtu;
	other.promiscuity = device->promiscuity;
	other.allmulti = device->allmulti;
	other.operstate = device->operstate;
	other.carrier = device->carrier;
	other.xdp_mode = device->xdp_mode;
	other.xdp_program = device->xdp_program;
	return memcmp(&other, device, sizeof(other)) == 0;
}

static int address_compare(const struct netdev_address *a, const struct netdev_address *b)
{
	if (a->ifindex != b->ifindex)
		return a->ifindex < b->ifindex ? -1 : 1;
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	if (a->prefix_length != b->prefix_length)
		return a->prefix_length < b->prefix_length ? -1 : 1;
	return memcmp(&a->v6, &b->v6, a->family == AF_INET ? sizeof(a->v4) : sizeof(a->v6));
}

/* The index of @address, or where to insert it. */
static size_t address_place(const struct netdev_table *table, const struct netdev_address *address)
{
	size_t low = 0, high = table->address_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (address_compare(&table->addresses[middle], address) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Sorts before all real ones of the device. */
static size_t address_place_first(const struct netdev_table *table, int ifindex)
{
	const struct netdev_address lowest = { .ifindex = ifindex };

	return address_place(table, &lowest);
}

int netdev_device_put(struct netdev_table *table, struct netdev *device)
{
	struct netdev *known = netdev_device_find(table, device->ifindex);
	int changed, error;
	size_t place;

	if (known) {
		device->incarnation = known->incarnation;
		device->reread = known->reread;
		device->overtaken = known->overtaken;
		device->changed = known->changed;
		device->ipv6_changed = known->ipv6_changed;
		device->address_count = known->address_count;
		device->requeued = known->requeued;
		known->seen = device->seen;
		if (memcmp(known, device, sizeof(*known)) == 0)
			return 0;
		changed = is_same_device(known, device) ? NETDEV_STATE : NETDEV_LINKS;
		memcpy(known, device, sizeof(*known));
		known->changed |= changed == NETDEV_STATE;
		known->overtaken |= known->reread;
		return changed;
	}

	error = room_for_one(table->devices, table->device_count, &table->device_size);
	if (error)
		return error;
	device->incarnation = ++table->incarnations;
	/* Its addresses may have arrived before the device. */
	device->address_count = 0;
	for (size_t i = address_place_first(table, device->ifindex);
	     i < table->address_count && table->addresses[i].ifindex == device->ifindex; i++)
		device->address_count++;
	place = device_place(table, device->ifindex);
	memmove(&table->devices[place + 1], &table->devices[place],
		(table->device_count - place) * sizeof(*table->devices));
	memcpy(&table->devices[place], device, sizeof(*device));
	table->device_count++;
	return NETDEV_LINKS;
}

/* Removes @count entries from @place on, all of one device. */
static void address_remove_at(struct netdev_table *table, size_t place, size_t count)
{
	struct netdev *device = netdev_device_find(table, table->addresses[place].ifindex);

	if (device)
		device->address_count -= count;
	table->address_count -= count;
	memmove(&table->addresses[place], &table->addresses[place + count],
		(table->address_count - place) * sizeof(*table->addresses));
}

int netdev_device_remove(struct netdev_table *table, int ifindex)
{
	struct netdev *device = netdev_device_find(table, ifindex);
	size_t first = address_place_first(table, ifindex), end = first;

	if (!device)
		return 0;
	table->device_count--;
	memmove(device, device + 1,
		(size_t)(&table->devices[table->device_count] - device) * sizeof(*device));
	while (end < table->address_count && table->addresses[end].ifindex == ifindex)
		end++;
	if (end == first)
		return NETDEV_LINKS;
	address_remove_at(table, first, end - first);
	return NETDEV_LINKS | NETDEV_ADDRESSES;
}

struct netdev_address *netdev_address_find(const struct netdev_table *table,
					   const struct netdev_address *address)
{
	size_t place = address_place(table, address);

	return place < table->address_count && !address_compare(&table->addresses[place], address)
		       ? &table->addresses[place]
		       : NULL;
}

int netdev_address_put(struct netdev_table *table, const struct netdev_address *address)
{
	struct netdev_address *known = netdev_address_find(table, address);
	struct netdev *device;
	size_t place;
	int error;

	if (known) {
		bool same = known->flags == address->flags;

		*known = *address;
		return same ? 0 : NETDEV_ADDRESSES;
	}
	error = room_for_one(table->addresses, table->address_count, &table->address_size);
	if (error)
		return error;
	place = address_place(table, address);
	memmove(&table->addresses[place + 1], &table->addresses[place],
		(table->address_count - place) * sizeof(*table->addresses));
	table->addresses[place] = *address;
	table->address_count++;
	device = netdev_device_find(table, address->ifindex);
	if (device)
		device->address_count++;
	return NETDEV_ADDRESSES;
}

int netdev_address_remove(struct netdev_table *table, const struct netdev_address *address)
{
	struct netdev_address *known = netdev_address_find(table, address);

	if (!known)
		return 0;
	address_remove_at(table, (size_t)(known - table->addresses), 1);
	return NETDEV_ADDRESSES;
}

void netdev_sweep(struct netdev_table *table)
{
	size_t addresses = 0;

	for (size_t i = table->device_count; i-- > 0;) {
		if (table->devices[i].seen != table->mark)
			netdev_device_remove(table, table->devices[i].ifindex);
	}
	for (size_t i = 0; i < table->address_count; i++) {
		struct netdev *device;

		if (table->addresses[i].seen == table->mark) {
			table->addresses[addresses++] = table->addresses[i];
			continue;
		}
		device = netdev_device_find(table, table->addresses[i].ifindex);
		if (device)
			device->address_count--;
	}
	table->address_count = addresses;
}

void netdev_forget_changes(struct netdev_table *table)
{
	for (size_t i = 0; i < table->device_count; i++)
		table->devices[i].changed = table->devices[i].ipv6_changed = false;
}

void netdev_forget_qdiscs(struct netdev_table *table)
{
	for (size_t i = 0; i < table->device_count; i++)
		table->devices[i].requeued = false;
}

const struct netdev *netdev_by_index(const struct netdev_table *table, int ifindex)
{
	return netdev_device_find(table, ifindex);
}

const struct netdev *netdev_by_name(const struct netdev_table *table, const char *name)
{
	for (size_t i = 0; i < table->device_count; i++) {
		if (netdev_is_called(&table->devices[i], name))
			return &table->devices[i];
	}
	return NULL;
}

const char *netdev_next_name(const struct netdev *device, const char *name)
{
	if (!name)
		return device->name;
	name = name == device->name ? device->altnames : name + strlen(name) + 1;
	return *name ? name : NULL;
}

bool netdev_is_called(const struct netdev *device, const char *name)
{
	for (const char *own = device->name; own; own = netdev_next_name(device, own)) {
		if (strcmp(own, name) == 0)
			return true;
	}
	return false;
}

const struct netdev *netdev_next(const struct netdev_table *table, const struct netdev *after)
{
	size_t next = after ? (size_t)(after - table->devices) + 1 : 0;

	return next < table->device_count ? &table->devices[next] : NULL;
}

const struct netdev **netdev_list(const struct netdev_table *table, size_t *ret_count)
{
	const struct netdev **list = calloc(table->device_count + 1, sizeof(*list));

	if (!list)
		return NULL;
	for (size_t i = 0; i < table->device_count; i++)
		list[i] = &table->devices[i];
	*ret_count = table->device_count;
	return list;
}

const struct netdev_address *netdev_addresses(const struct netdev_table *table, size_t *ret_count)
{
	*ret_count = table->address_count;
	return table->addresses;
}

void netdev_forget_address(struct netdev_table *table, const struct netdev_address *address)
{
	netdev_address_remove(table, address);
}

const struct netdev_address *netdev_address_first(const struct netdev_table *table, int ifindex)
{
	size_t place = address_place_first(table, ifindex);

	return place < table->address_count && table->addresses[place].ifindex == ifindex
		       ? &table->addresses[place]
		       : NULL;
}

const struct netdev_address *netdev_address_next(const struct netdev_table *table,
						 const struct netdev_address *after)
{
	size_t next = after ? (size_t)(after - table->addresses) + 1 : 0;

	return next < table->address_count ? &table->addresses[next] : NULL;
}
