/* SPDX-License-Identifier: GPL-2.0-only */
#include "pair/own_macs.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

static struct vfsteer_own_mac own_macs_key(unsigned slot, const uint8_t mac[ETH_ALEN])
{
	struct vfsteer_own_mac key = { .slot = slot };

	memcpy(key.mac, mac, ETH_ALEN);
	return key;
}

int own_macs_open(const struct pins *pins, unsigned slot, bool keep, struct mac_list *ret)
{
	struct vfsteer_own_mac key, next;
	bool has_key = false;
	int error = 0;

	while (!error && !bpf_map_get_next_key(pins->own_macs_fd, has_key ? &key : NULL, &next)) {
		/*
		 * The walk continues from the last key that stays: after a deleted one it would
		 * start again.
		 */
		if (next.slot == slot && !keep) {
			if (bpf_map_delete_elem(pins->own_macs_fd, &next) && errno != ENOENT)
				error = -errno;
			continue;
		}
		if (next.slot == slot)
			error = mac_list_add(ret, next.mac);
		key = next;
		has_key = true;
	}
	return error;
}

static bool own_macs_wants(const struct mac_list *received, const uint8_t own[ETH_ALEN],
			   const uint8_t mac[ETH_ALEN])
{
	return memcmp(own, mac, ETH_ALEN) && mac_list_has(received, own);
}

int own_macs_update(const struct pins *pins, unsigned slot, const struct mac_list *received,
		    const uint8_t mac[ETH_ALEN], struct mac_list *known)
{
	const __u8 present = 1;
	int error = 0;

	for (size_t i = known->count; i-- > 0;) {
		struct vfsteer_own_mac key = own_macs_key(slot, known->macs[i]);

		if (own_macs_wants(received, known->macs[i], mac))
			continue;
		if (bpf_map_delete_elem(pins->own_macs_fd, &key) && errno != ENOENT)
			error = -errno;
		else
			mac_list_remove(known, i);
	}
	for (size_t i = 0; i < received->count; i++) {
		struct vfsteer_own_mac key = own_macs_key(slot, received->macs[i]);

		if (received->macs[i][0] & 1 || !memcmp(received->macs[i], mac, ETH_ALEN) ||
		    mac_list_has(known, received->macs[i]))
			continue;
		if (bpf_map_update_elem(pins->own_macs_fd, &key, &present, BPF_ANY))
			error = -errno;
		else
			error = mac_list_add(known, received->macs[i]) ?: error;
	}
	return error;
}
