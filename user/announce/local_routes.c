/* SPDX-License-Identifier: GPL-2.0-only */
#include "announce/local_routes.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
	const struct link_local_route *one = a, *other = b;

	if (one->prefix_length != other->prefix_length)
		return one->prefix_length < other->prefix_length ? -1 : 1;
	if (one->network.s_addr == other->network.s_addr)
		return 0;
	return one->network.s_addr < other->network.s_addr ? -1 : 1;
}

void local_routes_read(struct link_requests *requests, struct local_routes *ret)
{
	*ret = (struct local_routes){ 0 };
	if (link_list_local_routes(requests, &ret->list, &ret->count))
		return;
	ret->is_known = true;
	if (ret->count)
		qsort(ret->list, ret->count, sizeof(*ret->list), compare);
	for (size_t i = 0; i < ret->count; i++)
		ret->lengths |= UINT64_C(1) << ret->list[i].prefix_length;
}

void local_routes_free(struct local_routes *routes)
{
	free(routes->list);
	*routes = (struct local_routes){ 0 };
}

static bool has_prefix(const struct local_routes *routes, uint8_t length, struct in_addr v4)
{
	const struct link_local_route wanted = {
		.prefix_length = length,
		.network.s_addr = v4.s_addr & htonl(length ? UINT32_MAX << (32 - length) : 0),
	};

	return bsearch(&wanted, routes->list, routes->count, sizeof(*routes->list), compare);
}

bool local_routes_have(const struct local_routes *routes, const struct netdev_table *table,
		       const struct netdev *device, struct in_addr v4)
{
	const struct netdev *master = netdev_by_index(table, device->master);

	if (!routes->is_known || (master && !strcmp(master->kind, "vrf")))
		return true;
	for (uint8_t length = 0; length <= 32; length++)
		if (routes->lengths & UINT64_C(1) << length && has_prefix(routes, length, v4))
			return true;
	return false;
}
