/* SPDX-License-Identifier: GPL-2.0-only */
#include "announce/memberships.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

const struct membership *memberships_of(const struct memberships *memberships, int family,
					int ifindex, size_t *ret_count)
{
	const struct membership wanted = { .family = family, .ifindex = ifindex };
	size_t low = 0, high = memberships->count, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (membership_compare(&memberships->list[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < memberships->count && memberships->list[end].family == family &&
			memberships->list[end].ifindex == ifindex;)
		end++;
	*ret_count = end - low;
	return end > low ? memberships->list + low : NULL;
}

bool membership_is_reported(const struct membership *membership, bool link_local)
{
	const struct in6_addr *v6 = &membership->group.v6;
	uint32_t v4;

	if (membership->family == AF_INET) {
		v4 = ntohl(membership->group.v4.s_addr);
		return IN_MULTICAST(v4) && v4 != INADDR_ALLHOSTS_GROUP &&
		       (link_local || v4 >> 8 != INADDR_UNSPEC_GROUP >> 8);
	}
	/* Scope 2 is the link. */
	return IN6_IS_ADDR_MULTICAST(v6) && (v6->s6_addr[1] & 0xf) >= 2 &&
	       memcmp(v6, &(struct in6_addr){ .s6_addr = { 0xff, 2, [15] = 1 } }, sizeof(*v6)) != 0;
}

void memberships_free(struct memberships *memberships)
{
	free(memberships->list);
	free(memberships->sources);
	*memberships = (struct memberships){ 0 };
}
