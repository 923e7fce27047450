/* SPDX-License-Identifier: GPL-2.0-only */
#include "maps/slot.h"
#include "base/clock.h"
#include "base/mac.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int slot_find(const struct pins *pins, uint32_t network_namespace, int standby_ifindex,
	      bool *ret_known)
{
	int free_slot = -1;

	for (unsigned i = 0; i < VFSTEER_MAX_PAIRS; i++) {
		const struct vfsteer_pair *slot = &pins->pairs[i];

		if (!slot->standby[0]) {
			if (free_slot < 0)
				free_slot = i;
		} else if (slot->standby_ifindex == (__u32)standby_ifindex &&
			   slot->network_namespace == network_namespace) {
			*ret_known = true;
			return i;
		}
	}
	*ret_known = false;
	return free_slot;
}

int slot_find_foreign(const struct pins *pins, uint32_t network_namespace)
{
	for (unsigned i = 0; i < VFSTEER_MAX_PAIRS; i++)
		if (pins->pairs[i].standby[0] &&
		    pins->pairs[i].network_namespace != network_namespace)
			return (int)i;
	return -1;
}

bool slot_is_here(const struct vfsteer_pair *slot)
{
	struct stat namespace;

	return slot->standby[0] && !stat("/proc/self/ns/net", &namespace) &&
	       slot->network_namespace == namespace.st_ino;
}

bool slot_explain_foreign(const struct pins *pins, char *message, size_t size)
{
	struct stat namespace;
	int foreign = stat("/proc/self/ns/net", &namespace)
			      ? -1
			      : slot_find_foreign(pins, (uint32_t) namespace.st_ino);

	if (foreign >= 0)
		snprintf(message, size,
			 "%s: created in another network namespace (%u), for %.15s; run this there",
			 pins->directory, pins->pairs[foreign].network_namespace,
			 pins->pairs[foreign].standby);
	return foreign >= 0;
}

/* Programs may change the state word during this; they write only known values. */
static void slot_repair_state(const struct pins *pins, unsigned slot, slot_repaired *repaired)
{
	struct vfsteer_state state = pins_state(pins, slot), found, wanted;

	do {
		found = wanted = state;
		if (wanted.active >= VFSTEER_PATH_MAX)
			wanted.active = PATH_STANDBY;
		if (wanted.primary >= PRIMARY_STATE_MAX)
			wanted.primary = PRIMARY_JOINING;
		if (wanted.admin >= ADMIN_MAX)
			wanted.admin = ADMIN_AUTO;
	} while (memcmp(&wanted, &state, sizeof(state)) &&
		 !pins_state_change(pins, slot, &state, wanted));
	if (wanted.active != found.active)
		repaired(&pins->pairs[slot], "active", found.active);
	if (wanted.primary != found.primary)
		repaired(&pins->pairs[slot], "primary", found.primary);
	if (wanted.admin != found.admin)
		repaired(&pins->pairs[slot], "admin", found.admin);
}

/*
 * For fields that decisions use. A cause or reason of a newer version is shown as unknown, and
 * stays.
 */
#define SLOT_REPAIR(field, max, instead)                                                           \
	do {                                                                                       \
		if (slot->field >= (max)) {                                                        \
			repaired(slot, #field, slot->field);                                       \
			slot->field = (instead);                                                   \
		}                                                                                  \
	} while (0)

static bool slot_is_repeated(const struct pins *pins, unsigned slot)
{
	for (unsigned i = 0; i < slot; i++)
		if (pins->pairs[i].standby[0] &&
		    pins->pairs[i].standby_ifindex == pins->pairs[slot].standby_ifindex &&
		    pins->pairs[i].network_namespace == pins->pairs[slot].network_namespace)
			return true;
	return false;
}

static void slot_count(const struct pins *pins, unsigned used)
{
	__atomic_store_n(&pins->pairs[0].slots_used, used, __ATOMIC_RELEASE);
}

#define SLOT_END_TEXT(field) ((field)[sizeof(field) - 1] = '\0')

/* Of VFSTEER_ABI_ADOPTED, or left by an agent that was killed as it took the slot. */
static void slot_give_owner(struct vfsteer_pair *slot)
{
	if (!slot->owner_ifindex) {
		slot->owner_ifindex = slot->standby_ifindex;
		memcpy(slot->owner, slot->standby, sizeof(slot->owner));
		slot->owner_clsact_is_ours = slot->standby_clsact_is_ours;
		slot->standby_clsact_is_ours = 0;
	}
	slot->abi_version = VFSTEER_ABI_VERSION;
}

void slot_repair(const struct pins *pins, slot_repaired *repaired)
{
	uint64_t now_ns = clock_now_ns(CLOCK_BOOTTIME);

	/* The first free slot reduces it to the slots in use. */
	slot_count(pins, VFSTEER_MAX_PAIRS);
	for (unsigned i = 0; i < VFSTEER_MAX_PAIRS; i++) {
		struct vfsteer_pair *slot = &pins->pairs[i];

		if (!slot->standby[0] || slot_is_repeated(pins, i)) {
			slot_clear(pins, i);
			continue;
		}
		SLOT_END_TEXT(slot->standby);
		slot_repair_state(pins, i, repaired);
		SLOT_REPAIR(primary_reach, REACH_MAX, REACH_UNKNOWN);
		SLOT_REPAIR(xdp_mirror, XDP_MIRROR_MAX, XDP_MIRROR_NONE);
		SLOT_REPAIR(announce, ANNOUNCE_MAX, ANNOUNCE_ALL);
		SLOT_REPAIR(kind, VFSTEER_KIND_MAX, KIND_PLAIN);
		SLOT_REPAIR(drain, VFSTEER_DRAIN_MAX, DRAIN_NONE);
		SLOT_REPAIR(drain_admin, ADMIN_MAX, ADMIN_AUTO);
		slot_give_owner(slot);
		SLOT_END_TEXT(slot->owner);
		SLOT_END_TEXT(slot->primary);
		SLOT_END_TEXT(slot->mac);
		SLOT_END_TEXT(slot->primary_pci_address);
		SLOT_END_TEXT(slot->primary_pci_slot);
		SLOT_END_TEXT(slot->primary_pci_port);
		SLOT_END_TEXT(slot->primary_identity_address);
		if (slot->last_switch_boot_ns > now_ns)
			slot->last_switch_boot_ns = now_ns;
		if (slot->primary_leaving_boot_ns > now_ns)
			slot->primary_leaving_boot_ns = now_ns;
	}
}

static void slot_empty(struct vfsteer_pair *slot)
{
	/*
	 * The fields from slots_used on stay: others may read them at any time, and this may be the
	 * agent's last action.
	 */
	memset(slot, 0, offsetof(struct vfsteer_pair, slots_used));
	slot->abi_version = VFSTEER_ABI_VERSION;
}

void slot_take(const struct pins *pins, unsigned slot)
{
	slot_empty(&pins->pairs[slot]);
	/*
	 * The inactive device's frames are always compared, and the primary is inactive at first.
	 */
	pins->pairs[slot].rx_compares_primary = 1;
	if (pins_slots_used(pins) <= slot)
		slot_count(pins, slot + 1);
	/* Before the stores that mark the slot as in use. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

void slot_clear(const struct pins *pins, unsigned slot)
{
	unsigned used = pins_slots_used(pins);

	slot_empty(&pins->pairs[slot]);
	while (used && !pins->pairs[used - 1].standby[0])
		used--;
	slot_count(pins, used);
}

bool slot_is_dead(const struct vfsteer_pair *slot, uint32_t network_namespace,
		  const struct netdev_table *table)
{
	return slot->standby[0] && slot->network_namespace == network_namespace &&
	       (!netdev_by_index(table, slot->standby_ifindex) ||
		!netdev_by_index(table, slot->owner_ifindex));
}

void slot_write_standby(struct vfsteer_pair *slot, const struct netdev *standby)
{
	if (strcmp(slot->standby, standby->name))
		snprintf(slot->standby, sizeof(slot->standby), "%s", standby->name);
	if (memcmp(slot->mac_address, standby->mac, ETH_ALEN) || !slot->mac[0]) {
		memcpy(slot->mac_address, standby->mac, ETH_ALEN);
		mac_write(standby->mac, slot->mac);
	}
	/* The announcer's threads read it at any time. */
	__atomic_store_n(&slot->standby_has_carrier, standby->carrier, __ATOMIC_RELAXED);
}

void slot_write_owner(struct vfsteer_pair *slot, const struct netdev *owner)
{
	if (strcmp(slot->owner, owner->name))
		snprintf(slot->owner, sizeof(slot->owner), "%s", owner->name);
	/* Other masters (bond, team, vrf) accept frames for the device's own MAC. */
	slot->standby_takes_foreign_macs =
		!strcmp(owner->slave_kind, "bridge") || !strcmp(owner->slave_kind, "openvswitch");
}

/* The watch programs compare all bytes of a field: the bytes after the text must be zero. */
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
	/* The ifindex last: it makes the other fields valid. */
	if (primary)
		__atomic_store_n(&slot->primary_ifindex, primary->ifindex, __ATOMIC_RELEASE);
}

void slot_follow_primary(struct vfsteer_pair *slot, const struct netdev *primary)
{
	if (primary && slot->primary_ifindex == (__u32)primary->ifindex &&
	    strcmp(slot->primary, primary->name))
		slot_write_text(slot->primary, primary->name);
}

struct candidates_named slot_read_named(const struct vfsteer_pair *slot)
{
	struct candidates_named named = { .name_hash = slot->primary_is_named
							       ? slot->primary_name_hash
							       : 0 };

	memcpy(named.identity.mac, slot->primary_identity_mac, ETH_ALEN);
	snprintf(named.identity.address, sizeof(named.identity.address), "%.*s",
		 (int)sizeof(slot->primary_identity_address) - 1, slot->primary_identity_address);
	return named;
}

void slot_write_named(struct vfsteer_pair *slot, const struct candidates_named *named)
{
	slot->primary_is_named = named->name_hash != 0;
	slot->primary_name_hash = named->name_hash;
	memcpy(slot->primary_identity_mac, named->identity.mac, ETH_ALEN);
	slot_write_text(slot->primary_identity_address, named->identity.address);
}
