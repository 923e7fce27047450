/* SPDX-License-Identifier: GPL-2.0-only */
#include "maps/slot_drain.h"

#define UNIT_BITS 20 /* see drain_until_boot_ms */

enum vfsteer_drain slot_drain(const struct vfsteer_pair *slot)
{
	return __atomic_load_n(&slot->drain, __ATOMIC_ACQUIRE);
}

void slot_drain_begin(struct vfsteer_pair *slot, enum vfsteer_admin admin, uint64_t until_ns)
{
	uint32_t until = (uint32_t)(until_ns >> UNIT_BITS);

	if (slot_drain(slot) == DRAIN_NONE)
		slot->drain_admin = admin;
	/* 0 is taken: a millisecond later. */
	slot->drain_until_boot_ms = until_ns && !until ? 1 : until;
	__atomic_store_n(&slot->drain, DRAIN_WAITING, __ATOMIC_RELEASE);
}

void slot_drain_note(struct vfsteer_pair *slot, enum vfsteer_drain drain)
{
	enum vfsteer_drain known = slot_drain(slot);

	while (known != DRAIN_NONE && known != drain &&
	       !__atomic_compare_exchange_n(&slot->drain, &known, drain, false, __ATOMIC_ACQ_REL,
					    __ATOMIC_ACQUIRE))
		;
}

enum vfsteer_admin slot_drain_end(struct vfsteer_pair *slot)
{
	enum vfsteer_admin admin = slot->drain_admin;

	__atomic_store_n(&slot->drain, DRAIN_NONE, __ATOMIC_RELEASE);
	slot->drain_until_boot_ms = 0;
	slot->drain_admin = ADMIN_AUTO;
	return admin;
}

uint64_t slot_drain_until_ns(const struct vfsteer_pair *slot, uint64_t now_ns)
{
	uint32_t until = slot->drain_until_boot_ms;
	/* It may be in the past; the units wrap after 52 days. */
	int64_t left = (int32_t)(until - (uint32_t)(now_ns >> UNIT_BITS));

	if (!until)
		return 0;
	return (uint64_t)((int64_t)(now_ns >> UNIT_BITS) + left) << UNIT_BITS;
}
