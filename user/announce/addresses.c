/* SPDX-License-Identifier: GPL-2.0-only */
#include "announce/addresses.h"
#include "announce/answers.h"
#include "announce/arp_rules.h"
#include "announce/local_routes.h"
#include "announce/macs.h"
#include "announce/membership_queries.h"
#include "announce/speakers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool has_address(const struct netdev_table *table, int ifindex,
			const struct netdev_address *wanted)
{
	const struct netdev_address *address = netdev_address_first(table, ifindex);

	for (; address && address->ifindex == ifindex;
	     address = netdev_address_next(table, address))
		if (address->family == wanted->family &&
		    !memcmp(&address->v6, &wanted->v6,
			    wanted->family == AF_INET ? sizeof(wanted->v4) : sizeof(wanted->v6)))
			return true;
	return false;
}

/*
 * Is @address, of a macvlan, also an address of a device below it on the same network? Both would
 * answer, with two MACs. keepalived gives its macvlan the link-local address of the device below,
 * and leaves it there as the BACKUP.
 */
static bool is_of_device_below(const struct netdev_table *table, const struct speakers *speakers,
			       size_t number, const struct netdev_address *address)
{
	const struct speaker *speaker = &speakers->list[number];

	if (!speakers_is_kind(speaker->device, "macvlan") &&
	    !speakers_is_kind(speaker->device, "macvtap"))
		return false;
	while (number) {
		number = speakers->below[number];
		if (speakers->list[number].tag_count != speaker->tag_count)
			return false;
		if (has_address(table, speakers->list[number].device->ifindex, address))
			return true;
	}
	return false;
}

/*
 * Reads the device's settings once, and only if it has addresses. *@ret_answers: one of them is
 * announced.
 */
static int add_addresses(const struct netdev_table *table, const struct local_routes *routes,
			 const struct speakers *speakers, size_t number, struct announcement *list,
			 bool *ret_answers)
{
	const struct netdev *device = speakers->list[number].device;
	const struct netdev_address *address = netdev_address_first(table, device->ifindex);
	struct announce_address announced = speakers_address(&speakers->list[number], device->mac);
	unsigned arp_ignore;
	bool is_router;
	int error = 0;

	if (!address || address->ifindex != device->ifindex)
		return 0;
	arp_ignore = answers_arp_ignore(device->name);
	is_router = answers_as_router(device->name);
	for (; address && address->ifindex == device->ifindex && !error;
	     address = netdev_address_next(table, address)) {
		if (!answers_for(table, device, address, arp_ignore) ||
		    (address->family == AF_INET &&
		     !local_routes_have(routes, table, device, address->v4)) ||
		    is_of_device_below(table, speakers, number, address))
			continue;
		*ret_answers = true;
		if (address->family == AF_INET && list->arp_is_filtered)
			continue;
		announced.family = address->family;
		memcpy(&announced.v6, &address->v6, sizeof(announced.v6));
		announced.router = address->family == AF_INET6 && is_router;
		error = announcement_add(list, &announced);
	}
	return error;
}

static int add_all(const struct netdev_table *table, struct link_requests *requests,
		   const struct speakers *speakers, struct spoken *spoken,
		   struct announcement *list)
{
	const struct announce_address standby =
		speakers_address(&speakers->list[0], speakers->list[0].device->mac);
	bool *answers = calloc(speakers->count, sizeof(*answers));
	int error = answers ? announcement_add(list, &standby) : -ENOMEM;
	struct local_routes routes;

	local_routes_read(requests, &routes);
	for (size_t i = 0; i < speakers->count && !error; i++)
		if (!speakers->list[i].is_silent)
			error = add_addresses(table, &routes, speakers, i, list, &answers[i]);
	if (!error)
		error = macs_collect(requests, speakers, answers, spoken, list);
	local_routes_free(&routes);
	free(answers);
	return error;
}

static bool have_bridge(const struct speakers *speakers)
{
	for (size_t i = 0; i < speakers->count; i++)
		if (speakers_is_kind(speakers->list[i].device, "bridge"))
			return true;
	return false;
}

/* What others have joined behind bridges, and the queries for it. */
static int add_queries(const struct netdev_table *table, struct link_requests *requests,
		       const struct speakers *speakers, struct bridged_groups *groups,
		       struct announcement *list)
{
	if (list->filter.what == ANNOUNCE_OFF || !have_bridge(speakers))
		return 0;
	bridged_groups_read(groups, requests);
	list->groups_version = groups->version;
	return membership_queries_collect(table, groups, speakers, &list->queries);
}

int addresses_collect(const struct netdev_table *table, struct link_requests *requests,
		      const struct netdev *standby, struct bridges *bridges,
		      struct bridged_groups *groups, struct spoken *spoken,
		      struct announcement *list)
{
	struct speakers speakers = { 0 };
	int error;

	announcement_clear(list);
	/*
	 * The bond transmits by another slave. Its slaves usually share one MAC, which is behind
	 * that slave.
	 */
	if (standby->is_backup_slave)
		return 0;
	list->arp_is_filtered = arp_rules_exist();
	bridges_sweep(bridges, table);
	error = speakers_find(table, bridges, requests, standby, &speakers);
	if (!error)
		error = add_all(table, requests, &speakers, spoken, list);
	if (!error)
		error = add_queries(table, requests, &speakers, groups, list);
	speakers_free(&speakers);
	return error;
}
