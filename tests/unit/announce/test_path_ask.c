/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The questions to neighbours, byte by byte, and what is taken for an answer. The checksums were
 * computed by another program than ours.
 */
#include "announce/path_ask.h"
#include "../seed.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define US 0x52, 0x54, 0x00, 0x12, 0x34, 0x56
#define PEER 0x52, 0x54, 0x00, 0xab, 0xcd, 0xef
#define NOBODY 0, 0, 0, 0, 0, 0
#define EVERYBODY 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
#define ARP(operation) 0x08, 0x06, 0, 1, 0x08, 0x00, 6, 4, 0, operation
#define IP6 0x86, 0xdd, 0x60, 0, 0, 0, 0, 32, 58, 255
#define ASKER6 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1
#define TARGET6 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x12, 0x34, 0x56
#define GROUP6 0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0x12, 0x34, 0x56
#define NOISES 1000000

static struct path_target target_of(int family, bool has_mac)
{
	static const uint8_t us[] = { US }, peer[] = { PEER }, asker6[] = { ASKER6 },
			     target6[] = { TARGET6 };
	struct path_target target = { .asker.family = family, .has_mac = has_mac };

	memcpy(target.asker.mac, us, sizeof(us));
	memcpy(target.mac, peer, has_mac ? sizeof(peer) : 0);
	if (family == AF_INET) {
		target.asker.v4.s_addr = inet_addr("192.0.2.1");
		target.v4.s_addr = inet_addr("192.0.2.254");
	} else {
		memcpy(&target.asker.v6, asker6, sizeof(asker6));
		memcpy(&target.v6, target6, sizeof(target6));
	}
	return target;
}

static void expect_frame(const struct path_target *target, const uint8_t *bytes, size_t size)
{
	uint8_t padded[ANNOUNCE_FRAME_SIZE] = { 0 };
	struct announce_frame frame;

	memcpy(padded, bytes, size);
	assert_int_equal(path_ask_build(target, &frame), 0);
	assert_int_equal(frame.length, size < 60 ? 60 : size);
	assert_memory_equal(frame.bytes, padded, frame.length);
}

static void test_questions(void **context)
{
	static const uint8_t known4[] = {
		PEER, US, ARP(1), US, 192, 0, 2, 1, NOBODY, 192, 0, 2, 254
	};
	static const uint8_t unknown4[] = { EVERYBODY, US,     ARP(1), US, 192, 0,  2,
					    1,	       NOBODY, 192,    0,  2,	254 };
	static const uint8_t anonymous4[] = { PEER, US,	    ARP(1), US, 0, 0,  0,
					      0,    NOBODY, 192,    0,	2, 254 };
	static const uint8_t tagged4[] = { PEER, US, 0x81, 0,	   0,	7, ARP(1), US, 192,
					   0,	 2,  1,	   NOBODY, 192, 0, 2,	   254 };
	static const uint8_t known6[] = { PEER, US, IP6, ASKER6, TARGET6, 135, 0, 0x2e, 0x23,
					  0,	0,  0,	 0,	 TARGET6, 1,   1, US };
	static const uint8_t unknown6[] = { 0x33,   0x33,   0xff,    0x12, 0x34, 0x56, US, IP6,
					    ASKER6, GROUP6, 135,     0,	   0x5d, 0xd7, 0,  0,
					    0,	    0,	    TARGET6, 1,	   1,	 US };
	struct path_target target = target_of(AF_INET, true);
	struct announce_frame frame;

	(void)context;
	expect_frame(&target, known4, sizeof(known4));
	target.asker.v4.s_addr = 0;
	expect_frame(&target, anonymous4, sizeof(anonymous4));
	target = target_of(AF_INET, false);
	expect_frame(&target, unknown4, sizeof(unknown4));
	target = target_of(AF_INET, true);
	target.asker.tag_count = 1;
	target.asker.tags[0] = (struct announce_tag){ .protocol = ETH_P_8021Q, .vlan_id = 7 };
	expect_frame(&target, tagged4, sizeof(tagged4));
	target = target_of(AF_INET6, true);
	expect_frame(&target, known6, sizeof(known6));
	target = target_of(AF_INET6, false);
	expect_frame(&target, unknown6, sizeof(unknown6));
	target.asker.tag_count = ANNOUNCE_MAX_TAGS + 1;
	assert_int_equal(path_ask_build(&target, &frame), -EINVAL);
	target.asker = (struct announce_address){ .family = AF_UNSPEC };
	assert_int_equal(path_ask_build(&target, &frame), -EAFNOSUPPORT);
}

static bool answers(const struct path_target *target, const uint8_t *frame, size_t length)
{
	struct path_answer answer;

	if (!path_ask_read(frame, length, &answer))
		return false;
	answer.ifindex = target->ifindex + 1;
	assert_false(path_ask_is_answer(target, &answer));
	answer.ifindex = target->ifindex;
	return path_ask_is_answer(target, &answer);
}

static void test_answers(void **context)
{
	static const uint8_t reply[] = { US, PEER, ARP(2), PEER, 192, 0, 2, 254, US, 192, 0, 2, 1 };
	static const uint8_t advertisement[] = { US,   PEER, IP6, TARGET6, ASKER6,  136, 0, 1,	 2,
						 0x60, 0,    0,	  0,	   TARGET6, 2,	 1, PEER };
	const struct path_target v4 = target_of(AF_INET, true), v6 = target_of(AF_INET6, true);
	uint8_t other[sizeof(advertisement)];

	(void)context;
	assert_true(answers(&v4, reply, sizeof(reply)));
	assert_true(answers(&v6, advertisement, sizeof(advertisement)));
	assert_false(answers(&v6, reply, sizeof(reply)) ||
		     answers(&v4, advertisement, sizeof(advertisement)));
	for (size_t length = 0; length < sizeof(reply); length++)
		assert_false(answers(&v4, reply, length));
	/* The option may be missing. */
	for (size_t length = 0; length < 78; length++)
		assert_false(answers(&v6, advertisement, length));
	/* The destination, the protocol, the kind, the sender. */
	for (size_t i = 0; i < sizeof(reply); i++) {
		bool counts =
			i < 6 || i == 12 || i == 13 || (i >= 16 && i < 22) || (i >= 28 && i < 32);

		memcpy(other, reply, sizeof(reply));
		other[i] ^= 1;
		assert_int_equal(answers(&v4, other, sizeof(reply)), !counts);
	}
	for (size_t i = 0; i < sizeof(advertisement); i++) {
		bool counts = i < 6 || i == 12 || i == 13 || i == 20 || i == 21 || i == 54 ||
			      (i >= 62 && i < 78);

		memcpy(other, advertisement, sizeof(advertisement));
		other[i] ^= 1;
		assert_int_equal(answers(&v6, other, sizeof(advertisement)), !counts);
	}
}

/* Reads no byte that is not there, whatever comes; for the sanitizers. */
static void test_noise(void **context)
{
	struct path_answer answer;
	uint8_t *noise;

	(void)context;
	for (unsigned i = 0; i < NOISES; i++) {
		size_t size = (size_t)rand() % 100;

		noise = malloc(size + 1);
		assert_non_null(noise);
		for (size_t j = 0; j < size; j++)
			noise[j] = (uint8_t)rand();
		if (size > 13) {
			noise[12] = rand() % 2 ? 8 : 0x86;
			noise[13] = noise[12] == 8 ? 6 : 0xdd;
		}
		path_ask_read(noise, size, &answer);
		free(noise);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_noise),
	};

	seed_random();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
