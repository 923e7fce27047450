/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The signal to the host, byte by byte as docs/reference/host-signal.md has it, and what a host
 * takes for one.
 */
#include "announce/host_signal.h"
#include "../seed.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PAIR_MAC 0x52, 0x54, 0x00, 0x12, 0x34, 0x56
#define NOISES 1000000

static const uint8_t source[] = { 0xf2, 0x54, 0x00, 0x12, 0x34, 0x56 };

static const struct host_signal example = {
	.mac = { PAIR_MAC },
	.kind = KIND_NET_FAILOVER,
	.active = PATH_PRIMARY,
	.primary = PRIMARY_READY,
	.admin = ADMIN_STANDBY,
	.flags = 0x8001,
	.instance = 0x0102030405060708,
	.sequence = 0x11121314,
	.interval_ms = 5000,
	.switches = 0x21222324,
	.switch_age_us = 0x31323334,
};

/* clang-format off */
static const uint8_t example_frame[HOST_SIGNAL_FRAME_SIZE] = {
	0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e, /* destination */
	0xf2, 0x54, 0x00, 0x12, 0x34, 0x56, /* source */
	0x88, 0xb5,                         /* ethertype */
	'V', 'F', 'S', 'T',                 /* magic */
	1,                                  /* version */
	1,                                  /* kind */
	0, 46,                              /* length */
	0x80, 0x01,                         /* flags */
	1, 2, 2, 0,                         /* active, state, admin, reserved */
	PAIR_MAC,
	1, 2, 3, 4, 5, 6, 7, 8,             /* instance */
	0x11, 0x12, 0x13, 0x14,             /* sequence */
	0, 0, 0x13, 0x88,                   /* interval */
	0x21, 0x22, 0x23, 0x24,             /* switches */
	0x31, 0x32, 0x33, 0x34,             /* age of the last */
	0, 0,                               /* reserved */
};
/* clang-format on */

static int parse(const uint8_t *frame, size_t length, struct host_signal *ret)
{
	/* Of that size exactly, for the sanitizers. */
	uint8_t *copy = malloc(length ? length : 1), from[ETH_ALEN];
	int result;

	memcpy(copy, frame, length);
	result = host_signal_parse(copy, length, ret, from);
	free(copy);
	return result;
}

static void test_frame(void **context)
{
	uint8_t frame[HOST_SIGNAL_FRAME_SIZE + 1], from[ETH_ALEN];
	struct host_signal signal;

	(void)context;
	memset(frame, 0xee, sizeof(frame));
	assert_int_equal(host_signal_build(&example, source, frame, sizeof(frame)),
			 sizeof(example_frame));
	assert_memory_equal(frame, example_frame, sizeof(example_frame));
	assert_int_equal(frame[HOST_SIGNAL_FRAME_SIZE], 0xee);
	memset(&signal, 0, sizeof(signal));
	assert_int_equal(host_signal_parse(frame, HOST_SIGNAL_FRAME_SIZE, &signal, from), 0);
	assert_memory_equal(signal.mac, example.mac, ETH_ALEN);
	assert_memory_equal(from, source, ETH_ALEN);
	assert_int_equal(signal.kind, example.kind);
	assert_int_equal(signal.active, example.active);
	assert_int_equal(signal.primary, example.primary);
	assert_int_equal(signal.admin, example.admin);
	assert_int_equal(signal.flags, example.flags);
	assert_true(signal.instance == example.instance);
	assert_int_equal(signal.sequence, example.sequence);
	assert_int_equal(signal.interval_ms, example.interval_ms);
	assert_int_equal(signal.switches, example.switches);
	assert_int_equal(signal.switch_age_us, example.switch_age_us);
}

static void test_no_room(void **context)
{
	uint8_t frame[HOST_SIGNAL_FRAME_SIZE] = { 0 }, untouched[HOST_SIGNAL_FRAME_SIZE] = { 0 };

	(void)context;
	assert_int_equal(host_signal_build(&example, source, frame, sizeof(frame) - 1), -ENOSPC);
	assert_memory_equal(frame, untouched, sizeof(frame));
}

/* One byte changed, or bytes cut off. Padding behind it, and reserved bytes, change nothing. */
static void test_others(void **context)
{
	static const struct {
		size_t at;
		uint8_t byte;
		int result;
	} rows[] = {
		{ 0, 0x03, -ENOMSG },  /* destination */
		{ 5, 0x00, -ENOMSG },  /* the bridge group */
		{ 12, 0x08, -ENOMSG }, /* ethertype */
		{ 13, 0xb6, -ENOMSG }, /* local experimental ethertype 2 */
		{ 14, 'v', -ENOMSG },  /* magic */
		{ 17, 0, -ENOMSG },
		{ 18, 0, -EPROTONOSUPPORT }, /* version */
		{ 18, 2, -EPROTONOSUPPORT },
		{ 19, VFSTEER_KIND_MAX, -EBADMSG },
		{ 21, 45, -EBADMSG }, /* length */
		{ 20, 1, -EBADMSG },
		{ 21, 47, -EBADMSG },
		{ 22, 0x7f, 0 }, /* flags */
		{ 24, VFSTEER_PATH_MAX, -EBADMSG },
		{ 25, PRIMARY_STATE_MAX, -EBADMSG },
		{ 26, ADMIN_MAX, -EBADMSG },
		{ 27, 0xff, 0 },	/* reserved */
		{ 28, 0x53, -EBADMSG }, /* the pair's MAC is a group */
		{ 58, 0xff, 0 },
		{ 59, 0xff, 0 },
	};
	uint8_t frame[HOST_SIGNAL_FRAME_SIZE];
	struct host_signal signal;

	(void)context;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		memcpy(frame, example_frame, sizeof(frame));
		frame[rows[i].at] = rows[i].byte;
		assert_int_equal(parse(frame, sizeof(frame), &signal), rows[i].result);
	}
	memcpy(frame, example_frame, sizeof(frame));
	memset(frame + 28, 0, ETH_ALEN);
	assert_int_equal(parse(frame, sizeof(frame), &signal), -EBADMSG);
	for (size_t length = 0; length < sizeof(frame); length++)
		assert_int_equal(parse(example_frame, length, &signal),
				 length < 19 ? -ENOMSG : -EBADMSG);
}

/* A newer sender says that its frame is longer; a tap may pad any frame. */
static void test_longer(void **context)
{
	uint8_t frame[HOST_SIGNAL_FRAME_SIZE + 4] = { 0 };
	struct host_signal signal;

	(void)context;
	memcpy(frame, example_frame, sizeof(example_frame));
	assert_int_equal(parse(frame, sizeof(frame), &signal), 0);
	frame[21] = 50;
	assert_int_equal(parse(frame, sizeof(frame), &signal), 0);
	assert_int_equal(signal.switch_age_us, example.switch_age_us);
	assert_int_equal(parse(frame, sizeof(frame) - 1, &signal), -EBADMSG);
}

static void test_source(void **context)
{
	static const uint8_t own[] = { PAIR_MAC }, like[] = { 0xf2, 1, 2, 3, 4, 5 },
			     unlike[] = { 0xe2, 1, 2, 3, 4, 5 };
	uint8_t ret[ETH_ALEN];

	(void)context;
	host_signal_source(own, ret);
	assert_memory_equal(ret, source, ETH_ALEN);
	host_signal_source(like, ret);
	assert_memory_equal(ret, unlike, ETH_ALEN);
}

/* What is refused changes nothing, and what is taken is within the tables. */
static void test_noise(void **context)
{
	uint8_t frame[HOST_SIGNAL_FRAME_SIZE + 8], from[ETH_ALEN];
	unsigned taken = 0;

	(void)context;
	for (unsigned i = 0; i < NOISES; i++) {
		struct host_signal signal, untouched;
		size_t length = (size_t)rand() % (sizeof(frame) + 1);
		int result;

		memset(frame, 0, sizeof(frame));
		memcpy(frame, example_frame, sizeof(example_frame));
		for (int changes = rand() % 4; changes > 0; changes--)
			frame[(size_t)rand() % sizeof(frame)] = (uint8_t)rand();
		memset(&signal, 0x5a, sizeof(signal));
		memset(&untouched, 0x5a, sizeof(untouched));
		memset(from, 0x5a, sizeof(from));
		result = host_signal_parse(frame, length, &signal, from);
		if (result) {
			assert_memory_equal(&signal, &untouched, sizeof(signal));
			assert_memory_equal(from, &untouched, sizeof(from));
			continue;
		}
		taken++;
		assert_true(length >= HOST_SIGNAL_FRAME_SIZE);
		assert_true(signal.kind < VFSTEER_KIND_MAX && signal.active < VFSTEER_PATH_MAX &&
			    signal.primary < PRIMARY_STATE_MAX && signal.admin < ADMIN_MAX);
	}
	assert_true(taken > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frame),  cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_others), cmocka_unit_test(test_longer),
		cmocka_unit_test(test_source), cmocka_unit_test(test_noise),
	};

	seed_random();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
