/* SPDX-License-Identifier: GPL-2.0-only */
/* What is known of a guest, and whether its MAC is shared: one row a case. */
#include "host/host_sharing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SPEAKS .has_carrier = true, .has_spoken = true, .has_sent = true
#define SILENT SPEAKS, .is_silent = true

static const struct row {
	const char *name;
	struct host_view view;
	enum host_reason reason;
} rows[] = {
	/* the signal says */
	{ "on the standby",
	  { SPEAKS, .active = PATH_STANDBY, .primary = PRIMARY_ABSENT },
	  HOST_ON_STANDBY },
	{ "joining",
	  { SPEAKS, .active = PATH_STANDBY, .primary = PRIMARY_JOINING },
	  HOST_ON_STANDBY },
	{ "down", { SPEAKS, .active = PATH_STANDBY, .primary = PRIMARY_DOWN }, HOST_ON_STANDBY },
	{ "on the primary",
	  { SPEAKS, .active = PATH_PRIMARY, .primary = PRIMARY_READY },
	  HOST_ON_PRIMARY },
	{ "leaving", { SPEAKS, .active = PATH_PRIMARY, .primary = PRIMARY_LEAVING }, HOST_LEAVING },
	{ "left", { SPEAKS, .active = PATH_STANDBY, .primary = PRIMARY_LEAVING }, HOST_LEAVING },
	{ "drained",
	  { SPEAKS, .active = PATH_STANDBY, .primary = PRIMARY_READY,
	    .flags = HOST_SIGNAL_DRAINED },
	  HOST_DRAINED },
	{ "the signal is newer than what the bridge learned",
	  { SPEAKS, .active = PATH_STANDBY, .learned = HOST_LEARNED_OTHER },
	  HOST_ON_STANDBY },
	{ "and than what it learned on the tap",
	  { SPEAKS, .active = PATH_PRIMARY, .primary = PRIMARY_READY, .learned = HOST_LEARNED_TAP },
	  HOST_ON_PRIMARY },
	{ "carrier is reported late",
	  { .has_spoken = true, .has_sent = true, .active = PATH_STANDBY },
	  HOST_ON_STANDBY },
	/* no signal any more */
	{ "silent on the standby",
	  { SILENT, .active = PATH_STANDBY, .sends = true },
	  HOST_SILENT_SENDS },
	{ "silent, and nothing is sent", { SILENT, .active = PATH_STANDBY }, HOST_SILENT_IDLE },
	{ "silent on the primary",
	  { SILENT, .active = PATH_PRIMARY, .primary = PRIMARY_READY },
	  HOST_SILENT_IDLE },
	{ "its agent was killed, its VF was taken out",
	  { SILENT, .active = PATH_PRIMARY, .primary = PRIMARY_READY, .sends = true },
	  HOST_SILENT_SENDS },
	{ "the same, seen by the bridge",
	  { SILENT, .active = PATH_PRIMARY, .learned = HOST_LEARNED_TAP },
	  HOST_SILENT_SENDS },
	{ "the agent ended on the primary",
	  { SPEAKS, .active = PATH_PRIMARY, .flags = HOST_SIGNAL_ENDS },
	  HOST_SILENT_IDLE },
	{ "the agent ended on the standby",
	  { SPEAKS, .active = PATH_STANDBY, .flags = HOST_SIGNAL_ENDS, .sends = true },
	  HOST_SILENT_SENDS },
	{ "it has left this host",
	  { SILENT, .sends = true, .learned = HOST_LEARNED_OTHER },
	  HOST_ON_OTHER },
	{ "it was stopped",
	  { .has_spoken = true, .has_sent = true, .is_silent = true, .sends = true },
	  HOST_NO_CARRIER },
	/* none so far */
	{ "the destination, before the guest", { .is_new = true }, HOST_NEW_TAP },
	{ "the same, with carrier", { .is_new = true, .has_carrier = true }, HOST_NEW_TAP },
	{ "the guest is still at the source",
	  { .is_new = true, .has_carrier = true, .learned = HOST_LEARNED_OTHER },
	  HOST_NEW_TAP },
	{ "and has been for long",
	  { .has_carrier = true, .learned = HOST_LEARNED_OTHER },
	  HOST_ON_OTHER },
	{ "a tap that no process uses", { .has_carrier = false }, HOST_NO_CARRIER },
	{ "a guest that has not sent yet", { .has_carrier = true }, HOST_NEW_TAP },
	{ "a guest without vfsteer on its standby",
	  { .has_carrier = true, .has_sent = true, .sends = true },
	  HOST_SILENT_SENDS },
	{ "a guest without vfsteer on its VF",
	  { .has_carrier = true, .has_sent = true },
	  HOST_SILENT_IDLE },
	{ "the bridge learned it on the tap",
	  { .has_carrier = true, .has_sent = true, .learned = HOST_LEARNED_TAP },
	  HOST_SILENT_SENDS },
	{ "and then on the PF",
	  { .has_carrier = true, .has_sent = true, .sends = true, .learned = HOST_LEARNED_OTHER },
	  HOST_ON_OTHER },
};

static void each_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		enum host_reason reason;
		bool shared = host_sharing_decide(&rows[i].view, &reason);

		if (reason != rows[i].reason)
			fail_msg("%s: '%s' instead of '%s'", rows[i].name,
				 host_sharing_words(reason), host_sharing_words(rows[i].reason));
		assert_int_equal(shared, rows[i].reason < HOST_ON_PRIMARY);
	}
}

/* Nothing that a guest may say takes the MAC away while it says that it uses its standby. */
static void a_speaking_guest_on_its_standby_is_always_shared(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 32; bits++) {
		for (int learned = 0; learned <= HOST_LEARNED_OTHER; learned++) {
			struct host_view view = {
				.has_spoken = true,
				.active = PATH_STANDBY,
				.has_carrier = bits & 1,
				.has_sent = bits & 2,
				.sends = bits & 4,
				.is_new = bits & 8,
				.flags = bits & 16 ? HOST_SIGNAL_DRAINED : 0,
				.learned = (enum host_learned)learned,
			};
			enum host_reason reason;

			assert_true(host_sharing_decide(&view, &reason));
		}
	}
}

static void every_reason_has_words(void **state)
{
	(void)state;
	for (int i = 0; i < HOST_REASON_MAX; i++)
		assert_string_not_equal(host_sharing_words((enum host_reason)i), "unknown");
	assert_string_equal(host_sharing_words(HOST_REASON_MAX), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row),
		cmocka_unit_test(a_speaking_guest_on_its_standby_is_always_shared),
		cmocka_unit_test(every_reason_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
