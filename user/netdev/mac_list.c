/* SPDX-License-Identifier: GPL-2.0-only */
#include "netdev/mac_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int mac_list_resize(struct mac_list *list, size_t size)
{
	void *grown;

	if (size <= list->size)
		return 0;
	grown = reallocarray(list->macs, size, ETH_ALEN);
	if (!grown)
		return -ENOMEM;
	list->macs = grown;
	list->size = size;
	return 0;
}

static int mac_list_compare(const void *a, const void *b)
{
	return memcmp(a, b, ETH_ALEN);
}

/* The index of @mac, or where to insert it. */
static size_t mac_list_place(const struct mac_list *list, const uint8_t mac[ETH_ALEN])
{
	size_t low = 0, high = list->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(list->macs[middle], mac, ETH_ALEN) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool mac_list_has(const struct mac_list *list, const uint8_t mac[ETH_ALEN])
{
	size_t place = mac_list_place(list, mac);

	return place < list->count && memcmp(list->macs[place], mac, ETH_ALEN) == 0;
}

int mac_list_add(struct mac_list *list, const uint8_t mac[ETH_ALEN])
{
	int error = list->count < list->size
			    ? 0
			    : mac_list_resize(list, list->size ? 2 * list->size : 16);
	size_t place = mac_list_place(list, mac);

	if (error)
		return error;
	memmove(list->macs + place + 1, list->macs + place, (list->count++ - place) * ETH_ALEN);
	memcpy(list->macs[place], mac, ETH_ALEN);
	return 0;
}

void mac_list_remove(struct mac_list *list, size_t place)
{
	list->count--;
	memmove(list->macs + place, list->macs + place + 1, (list->count - place) * ETH_ALEN);
}

int mac_list_read(struct mac_list *list, struct link_requests *requests, int ifindex)
{
	int error = mac_list_resize(list, 64), found;

	while (!error) {
		found = link_get_filters(requests, ifindex, list->macs, list->size);
		if (found < 0)
			return found;
		if ((size_t)found <= list->size) {
			list->count = (size_t)found;
			qsort(list->macs, list->count, ETH_ALEN, mac_list_compare);
			return 0;
		}
		error = mac_list_resize(list, (size_t)found * 2);
	}
	return error;
}

void mac_list_free(struct mac_list *list)
{
	free(list->macs);
	*list = (struct mac_list){ 0 };
}
