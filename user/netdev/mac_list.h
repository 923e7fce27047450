/* SPDX-License-Identifier: GPL-2.0-only */
/* mac_list: sorted MACs, found by binary search. */
#ifndef NETDEV_MAC_LIST_H
#define NETDEV_MAC_LIST_H

#include "netdev/link.h"

#include <linux/if_ether.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialise it. */
struct mac_list {
	uint8_t (*macs)[ETH_ALEN]; /* in order */
	size_t count, size;
};

bool mac_list_has(const struct mac_list *list, const uint8_t mac[ETH_ALEN]);

/* Inserts @mac, which must not be in the list. Returns 0 or -ENOMEM. */
int mac_list_add(struct mac_list *list, const uint8_t mac[ETH_ALEN]);
/* @place: an index below list->count. */
void mac_list_remove(struct mac_list *list, size_t place);

/*
 * Fills @list with the receive lists of a device (link_get_filters). Returns 0 or -errno; the
 * caller frees @list in both cases.
 */
int mac_list_read(struct mac_list *list, struct link_requests *requests, int ifindex);
/* Leaves an empty list. */
void mac_list_free(struct mac_list *list);

#endif
