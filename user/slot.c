/* SPDX-License-Identifier: GPL-2.0-only */
#include "slot.h"
#include "steer.h"

#include <stdio.h>
#include <string.h>

int slot_find(const struct pins *pins, uint32_t network_namespace, int standby_ifindex, bool *ret_known)
{
	int free_slot = -1;

	for (unsigned i = 0; i < pins->capacity; i++) {
		const struct vfsteer_pair *slot = &pins->pairs[i];

		if (!slot->standby[0]) {
			if (free_slot < 0)
				free_slot = i;
		} else if (slot->standby_ifindex == (__u32)standby_ifindex && slot->network_namespace == network_namespace) {
			*ret_known = true;
			return i;
		}
	}
	*ret_known = false;
	return free_slot;
}

void slot_clear(struct vfsteer_pair *slot)
{
	memset(slot, 0, sizeof(*slot));
	slot->abi_version = VFSTEER_ABI_VERSION;
}

bool slot_is_dead(const struct vfsteer_pair *slot, uint32_t network_namespace, const struct netdev_table *table)
{
	return slot->standby[0] && slot->network_namespace == network_namespace &&
	       !netdev_by_index(table, slot->standby_ifindex);
}

void slot_clear_dead(const struct pins *pins, uint32_t network_namespace, const struct netdev_table *table)
{
	for (unsigned i = 0; i < pins->capacity; i++) {
		struct vfsteer_pair *slot = &pins->pairs[i];

		if (!slot_is_dead(slot, network_namespace, table))
			continue;
		/* Its program would go on sending what the primary receives into nowhere. */
		if (slot->primary_ifindex)
			steer_detach_primary(pins, i, slot->primary_ifindex);
		steer_detach_standby(pins, i, slot->standby_ifindex);
		slot_clear(slot);
	}
}

void slot_write_standby(struct vfsteer_pair *slot, const struct netdev *standby)
{
	if (strcmp(slot->standby, standby->name))
		snprintf(slot->standby, sizeof(slot->standby), "%s", standby->name);
	if (memcmp(slot->mac_address, standby->mac, ETH_ALEN) || !slot->mac[0]) {
		memcpy(slot->mac_address, standby->mac, ETH_ALEN);
		snprintf(slot->mac, sizeof(slot->mac), "%02x:%02x:%02x:%02x:%02x:%02x", standby->mac[0], standby->mac[1],
			 standby->mac[2], standby->mac[3], standby->mac[4], standby->mac[5]);
	}
	/* The announcer's threads read it at any time. */
	__atomic_store_n(&slot->standby_has_carrier, standby->carrier, __ATOMIC_RELAXED);
	slot->standby_takes_foreign_macs = !strcmp(standby->slave_kind, "bridge");
}

/* The watch programs compare all bytes of a field: what follows the text has to be zero. */
static void slot_write_text(char field[VFSTEER_NAME_SIZE], const char *text)
{
	size_t length = strnlen(text, VFSTEER_NAME_SIZE - 1);

	memcpy(field, text, length);
	memset(field + length, 0, VFSTEER_NAME_SIZE - length);
}

void slot_write_primary(struct vfsteer_pair *slot, const struct netdev *primary)
{
	if (!primary)
		__atomic_store_n(&slot->primary_ifindex, 0, __ATOMIC_RELEASE);
	slot_write_text(slot->primary, primary ? primary->name : "");
	slot_write_text(slot->primary_pci_address, primary ? primary->pci_address : "");
	slot_write_text(slot->primary_pci_slot, primary ? primary->pci_slot : "");
	slot_write_text(slot->primary_pci_port, primary ? primary->pci_port : "");
	/* The ifindex last: it is what makes the rest count. */
	if (primary)
		__atomic_store_n(&slot->primary_ifindex, primary->ifindex, __ATOMIC_RELEASE);
}

void slot_follow_primary(struct vfsteer_pair *slot, const struct netdev *primary)
{
	if (primary && slot->primary_ifindex == (__u32)primary->ifindex && strcmp(slot->primary, primary->name))
		slot_write_text(slot->primary, primary->name);
}
