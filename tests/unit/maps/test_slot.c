/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What adoption makes of a slot: every value that this version knows stays, and none that it does
 * not know is erased in silence.
 */
#include "base/clock.h"
#include "maps/slot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char said[512];

static void note(const struct vfsteer_pair *slot, const char *field, unsigned value)
{
	snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s %s %u\n", slot->standby,
		 field, value);
}

/* The slot as the repair leaves it. */
static struct vfsteer_pair repaired(struct vfsteer_pair slot)
{
	struct pins pins = { .pairs = calloc(VFSTEER_MAX_PAIRS, sizeof(*pins.pairs)) };

	said[0] = '\0';
	strcpy(slot.standby, "eth0");
	slot.standby_ifindex = 2;
	pins.pairs[0] = slot;
	slot_repair(&pins, note);
	slot = pins.pairs[0];
	free(pins.pairs);
	return slot;
}

static void what_is_known_stays(void **state)
{
	struct vfsteer_pair slot = { 0 };
	struct vfsteer_state left;

	(void)state;
	for (unsigned cause = 0; cause < CAUSE_MAX; cause++) {
		slot.state = (struct vfsteer_state){ PATH_PRIMARY, PRIMARY_DOWN, ADMIN_STANDBY,
						     (enum vfsteer_cause)cause, 7 };
		left = repaired(slot).state;
		assert_memory_equal(&left, &slot.state, sizeof(left));
	}
	for (unsigned reason = 0; reason < DOWN_REASON_MAX; reason++) {
		slot.down_reason = (enum vfsteer_down_reason)reason;
		assert_int_equal(repaired(slot).down_reason, reason);
	}
	for (unsigned mirror = 0; mirror < XDP_MIRROR_MAX; mirror++) {
		slot.xdp_mirror = (enum vfsteer_xdp_mirror)mirror;
		assert_int_equal(repaired(slot).xdp_mirror, mirror);
	}
	slot.primary_reach = REACH_OFF;
	slot.announce = ANNOUNCE_OFF;
	assert_int_equal(repaired(slot).primary_reach, REACH_OFF);
	assert_int_equal(repaired(slot).announce, ANNOUNCE_OFF);
	assert_string_equal(said, "");
}

/* Of a newer version: shown as unknown, and still there when that version is back. */
static void history_of_a_newer_version_stays(void **state)
{
	struct vfsteer_pair slot = { .state.cause = (enum vfsteer_cause)CAUSE_MAX,
				     .down_reason = (enum vfsteer_down_reason)DOWN_REASON_MAX };

	(void)state;
	assert_int_equal(repaired(slot).state.cause, CAUSE_MAX);
	assert_int_equal(repaired(slot).down_reason, DOWN_REASON_MAX);
	assert_string_equal(said, "");
}

static void what_decides_is_replaced_and_said(void **state)
{
	struct vfsteer_pair slot = {
		.state = { (enum vfsteer_path)77, (enum vfsteer_primary_state)78,
			   (enum vfsteer_admin)79, CAUSE_GONE, 3 },
		.primary_reach = (enum vfsteer_reach)REACH_MAX,
		.xdp_mirror = (enum vfsteer_xdp_mirror)XDP_MIRROR_MAX,
		.announce = (enum vfsteer_announce)ANNOUNCE_MAX,
	};

	(void)state;
	slot = repaired(slot);
	assert_int_equal(slot.state.active, PATH_STANDBY);
	assert_int_equal(slot.state.primary, PRIMARY_JOINING);
	assert_int_equal(slot.state.admin, ADMIN_AUTO);
	assert_int_equal(slot.primary_reach, REACH_UNKNOWN);
	assert_int_equal(slot.xdp_mirror, XDP_MIRROR_NONE);
	assert_int_equal(slot.announce, ANNOUNCE_ALL);
	assert_string_equal(said, "eth0 active 77\neth0 primary 78\neth0 admin 79\neth0 "
				  "primary_reach 5\neth0 xdp_mirror 9\neth0 announce 3\n");
}

/* Its pairs were plain, and the owner's flag was the standby's. */
static void of_the_version_before(void **state)
{
	struct vfsteer_pair slot = { .abi_version = VFSTEER_ABI_ADOPTED,
				     .standby_clsact_is_ours = 1 };

	(void)state;
	slot = repaired(slot);
	assert_int_equal(slot.abi_version, VFSTEER_ABI_VERSION);
	assert_int_equal(slot.kind, KIND_PLAIN);
	assert_int_equal(slot.owner_ifindex, 2);
	assert_string_equal(slot.owner, "eth0");
	assert_int_equal(slot.owner_clsact_is_ours, 1);
	assert_int_equal(slot.standby_clsact_is_ours, 0);
	assert_string_equal(said, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_known_stays),
		cmocka_unit_test(history_of_a_newer_version_stays),
		cmocka_unit_test(what_decides_is_replaced_and_said),
		cmocka_unit_test(of_the_version_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
