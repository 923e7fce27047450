/* SPDX-License-Identifier: GPL-2.0-only */
#include "announce/bridged_groups.h"

#include <stdlib.h>
#include <string.h>

void bridged_groups_read(struct bridged_groups *groups, struct link_requests *requests)
{
	struct link_group *list;
	size_t count;

	if (groups->is_current || link_list_groups(requests, &list, &count))
		return;
	if (!groups->version || count != groups->count ||
	    (count && memcmp(list, groups->list, count * sizeof(*list))))
		groups->version = groups->version + 1 ?: 1;
	free(groups->list);
	groups->list = list;
	groups->count = count;
	groups->is_current = true;
}

static bool is_before(const struct link_group *group, int bridge, int port)
{
	return group->bridge != bridge ? group->bridge < bridge : group->port < port;
}

const struct link_group *bridged_groups_behind(const struct bridged_groups *groups, int bridge,
					       int port, size_t *ret_count)
{
	size_t low = 0, high = groups->count, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (is_before(&groups->list[middle], bridge, port))
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < groups->count && groups->list[end].bridge == bridge &&
			(!port || groups->list[end].port == port);)
		end++;
	*ret_count = end - low;
	return groups->list ? groups->list + low : NULL;
}

void bridged_groups_free(struct bridged_groups *groups)
{
	free(groups->list);
	*groups = (struct bridged_groups){ 0 };
}
