/* SPDX-License-Identifier: GPL-2.0-only */
/* Every kind of frame, byte by byte. */
#include "announce/announce.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#define MAC 0x52, 0x54, 0x00, 0x12, 0x34, 0x56
#define ZERO_MAC 0, 0, 0, 0, 0, 0
#define BROADCAST 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
#define ALL_NODES_MAC 0x33, 0x33, 0x00, 0x00, 0x00, 0x01
#define TAG_100 0x81, 0x00, 0x00, 0x64
#define TAG_AD_4094 0x88, 0xa8, 0x0f, 0xfe
#define IPV4 192, 0, 2, 7
#define IPV6 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x05
#define ALL_NODES 0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01
#define ARP_REQUEST 0x00, 0x01, 0x08, 0x00, 6, 4, 0x00, 0x01, MAC, IPV4, ZERO_MAC, IPV4
#define RARP_REVERSE 0x00, 0x01, 0x08, 0x00, 6, 4, 0x00, 0x03, MAC, 0, 0, 0, 0, MAC, 0, 0, 0, 0
#define IPV6_HEADER 0x60, 0, 0, 0, 0x00, 32, 58, 255, IPV6, ALL_NODES

static struct announce_address address_of(int family, unsigned tags)
{
	struct announce_address address = {
		.family = family,
		.mac = { MAC },
		.tag_count = (uint8_t)tags,
		.tags = { { ETH_P_8021AD, 4094 }, { ETH_P_8021Q, 100 } },
	};

	if (tags == 1)
		address.tags[0] = address.tags[1];
	if (family == AF_INET)
		inet_pton(AF_INET, "192.0.2.7", &address.v4);
	if (family == AF_INET6)
		inet_pton(AF_INET6, "2001:db8::5", &address.v6);
	return address;
}

/* @expected without its padding. */
static void expect_frame(const struct announce_address *address, const uint8_t *expected,
			 size_t size)
{
	uint8_t padded[ANNOUNCE_FRAME_SIZE] = { 0 };
	struct announce_frame frame;

	memset(&frame, 0xee, sizeof(frame));
	memcpy(padded, expected, size);
	assert_int_equal(announce_build(address, &frame), 0);
	assert_int_equal(frame.length, size < 60 ? 60 : size);
	assert_memory_equal(frame.bytes, padded, frame.length);
}

#define EXPECT_FRAME(address, ...)                                                                 \
	do {                                                                                       \
		const uint8_t expected_[] = { __VA_ARGS__ };                                       \
		expect_frame((address), expected_, sizeof(expected_));                             \
	} while (0)

static void arp_without_tag(void **state)
{
	struct announce_address address = address_of(AF_INET, 0);

	(void)state;
	EXPECT_FRAME(&address, BROADCAST, MAC, 0x08, 0x06, ARP_REQUEST);
}

static void arp_with_one_tag(void **state)
{
	struct announce_address address = address_of(AF_INET, 1);

	(void)state;
	EXPECT_FRAME(&address, BROADCAST, MAC, TAG_100, 0x08, 0x06, ARP_REQUEST);
}

static void arp_with_two_tags(void **state)
{
	struct announce_address address = address_of(AF_INET, 2);

	(void)state;
	EXPECT_FRAME(&address, BROADCAST, MAC, TAG_AD_4094, TAG_100, 0x08, 0x06, ARP_REQUEST);
}

static void rarp_without_tag(void **state)
{
	struct announce_address address = address_of(AF_UNSPEC, 0);

	(void)state;
	EXPECT_FRAME(&address, BROADCAST, MAC, 0x80, 0x35, RARP_REVERSE);
}

static void rarp_with_one_tag(void **state)
{
	struct announce_address address = address_of(AF_UNSPEC, 1);

	(void)state;
	EXPECT_FRAME(&address, BROADCAST, MAC, TAG_100, 0x80, 0x35, RARP_REVERSE);
}

static void rarp_with_two_tags(void **state)
{
	struct announce_address address = address_of(AF_UNSPEC, 2);

	(void)state;
	EXPECT_FRAME(&address, BROADCAST, MAC, TAG_AD_4094, TAG_100, 0x80, 0x35, RARP_REVERSE);
}

/* Computed by another program than ours. */
#define CHECKSUM_HOST 0x74, 0x67
#define CHECKSUM_ROUTER 0xf4, 0x66
#define ADVERTISEMENT(flags, checksum...)                                                          \
	0x86, 0xdd, IPV6_HEADER, 136, 0, checksum, flags, 0, 0, 0, IPV6, 2, 1, MAC

static void advertisement_without_tag(void **state)
{
	struct announce_address address = address_of(AF_INET6, 0);

	(void)state;
	EXPECT_FRAME(&address, ALL_NODES_MAC, MAC, ADVERTISEMENT(0x20, CHECKSUM_HOST));
}

static void advertisement_of_a_router(void **state)
{
	struct announce_address address = address_of(AF_INET6, 0);

	(void)state;
	address.router = true;
	EXPECT_FRAME(&address, ALL_NODES_MAC, MAC, ADVERTISEMENT(0xa0, CHECKSUM_ROUTER));
}

static void advertisement_with_one_tag(void **state)
{
	struct announce_address address = address_of(AF_INET6, 1);

	(void)state;
	EXPECT_FRAME(&address, ALL_NODES_MAC, MAC, TAG_100, ADVERTISEMENT(0x20, CHECKSUM_HOST));
}

static void advertisement_with_two_tags(void **state)
{
	struct announce_address address = address_of(AF_INET6, 2);

	(void)state;
	EXPECT_FRAME(&address, ALL_NODES_MAC, MAC, TAG_AD_4094, TAG_100,
		     ADVERTISEMENT(0x20, CHECKSUM_HOST));
}

/*
 * As a receiver checks it: pseudo header and message, the checksum among them, add up to all ones.
 */
static uint16_t receiver_sum(const uint8_t *ip)
{
	uint8_t bytes[128];
	size_t length = (size_t)ip[4] << 8 | ip[5], size = 0;
	uint64_t sum = 0;

	memcpy(bytes, ip + 8, 32);
	size += 32;
	memcpy(bytes + size, (uint8_t[]){ 0, 0, ip[4], ip[5], 0, 0, 0, 58 }, 8);
	size += 8;
	memcpy(bytes + size, ip + 40, length);
	size += length;
	for (size_t i = 0; i < size; i += 2)
		sum += bytes[i] * 256u + bytes[i + 1];
	return (uint16_t)(sum % 0xffff ? sum % 0xffff : 0xffff);
}

static void advertisement_checksum_adds_up(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		struct announce_address address = address_of(AF_INET6, i % 3);
		struct announce_frame frame;
		uint32_t seed = i * 2654435761u;

		for (unsigned j = 0; j < 16; j++)
			address.v6.s6_addr[j] =
				(uint8_t)((seed *= 1664525u, seed += 1013904223u) >> 24);
		memcpy(address.mac, &seed, 4);
		assert_int_equal(announce_build(&address, &frame), 0);
		assert_int_equal(receiver_sum(frame.bytes + 14 + 4 * (i % 3)), 0xffff);
	}
}

static void vlan_priority_is_left_at_zero(void **state)
{
	struct announce_address address = address_of(AF_INET, 1);

	(void)state;
	address.tags[0].vlan_id = 0xf064;
	EXPECT_FRAME(&address, BROADCAST, MAC, TAG_100, 0x08, 0x06, ARP_REQUEST);
}

static void mistakes_are_refused(void **state)
{
	struct announce_address address = address_of(AF_UNIX, 0);
	struct announce_frame frame, untouched;
	struct announcement list = { 0 };

	(void)state;
	memset(&frame, 0x5a, sizeof(frame));
	untouched = frame;
	assert_int_equal(announce_build(&address, &frame), -EAFNOSUPPORT);
	assert_int_equal(announcement_add(&list, &address), -EAFNOSUPPORT);
	address = address_of(AF_INET, ANNOUNCE_MAX_TAGS + 1);
	assert_int_equal(announce_build(&address, &frame), -EINVAL);
	assert_memory_equal(&frame, &untouched, sizeof(frame));
	assert_int_equal(list.count, 0);
	announcement_free(&list);
}

static void list_grows_and_holds_each_frame_once(void **state)
{
	struct announcement list = { 0 };
	struct announce_address address = address_of(AF_INET, 0);
	struct announce_frame frame;

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 1000; i++) {
			address.v4.s_addr = htonl(0x0a000000 + i);
			assert_int_equal(announcement_add(&list, &address), 0);
		}
		assert_int_equal(list.count, 1000);
	}
	address.v4.s_addr = htonl(0x0a000000 + 999);
	assert_int_equal(announce_build(&address, &frame), 0);
	assert_memory_equal(list.frames[999].bytes, frame.bytes, frame.length);

	address.tag_count = 1;
	assert_int_equal(announcement_add(&list, &address), 0);
	assert_int_equal(list.count, 1001);

	announcement_clear(&list);
	assert_int_equal(list.count, 0);
	assert_true(list.size >= 1001);
	assert_int_equal(announcement_add(&list, &address), 0);
	assert_int_equal(announcement_add(&list, &address), 0);
	assert_int_equal(list.count, 1);
	announcement_free(&list);
	assert_null(list.frames);
	announcement_free(&list);
}

static void nothing_to_send_is_no_error(void **state)
{
	struct announcement list = { 0 };

	(void)state;
	assert_int_equal(announce_send(-1, 1, &list), 0);
}

static void a_closed_socket_is_an_error(void **state)
{
	struct announcement list = { 0 };
	struct announce_address address = address_of(AF_INET, 0);

	(void)state;
	assert_int_equal(announcement_add(&list, &address), 0);
	assert_int_equal(announce_send(-1, 1, &list), -EBADF);
	announcement_free(&list);
}

static void frames_of_macs_differ_from_others(void **state)
{
	static const int families[] = { AF_UNSPEC, AF_INET, AF_INET6 };

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		for (unsigned tags = 0; tags <= ANNOUNCE_MAX_TAGS; tags++) {
			struct announce_address address = address_of(families[i], tags);
			struct announce_frame frame;

			assert_int_equal(announce_build(&address, &frame), 0);
			assert_int_equal(announce_is_rarp(&frame), families[i] == AF_UNSPEC);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arp_without_tag),
		cmocka_unit_test(arp_with_one_tag),
		cmocka_unit_test(arp_with_two_tags),
		cmocka_unit_test(rarp_without_tag),
		cmocka_unit_test(rarp_with_one_tag),
		cmocka_unit_test(rarp_with_two_tags),
		cmocka_unit_test(advertisement_without_tag),
		cmocka_unit_test(advertisement_of_a_router),
		cmocka_unit_test(advertisement_with_one_tag),
		cmocka_unit_test(advertisement_with_two_tags),
		cmocka_unit_test(advertisement_checksum_adds_up),
		cmocka_unit_test(vlan_priority_is_left_at_zero),
		cmocka_unit_test(frames_of_macs_differ_from_others),
		cmocka_unit_test(mistakes_are_refused),
		cmocka_unit_test(list_grows_and_holds_each_frame_once),
		cmocka_unit_test(nothing_to_send_is_no_error),
		cmocka_unit_test(a_closed_socket_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
