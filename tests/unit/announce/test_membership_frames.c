/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every kind of membership report, byte by byte. The checksums were computed by another program
 * than ours.
 */
#include "announce/membership_frames.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MAC 0x52, 0x54, 0x00, 0x12, 0x34, 0x56
#define ALERT4 0x94, 4, 0, 0
#define IP(length) 0x08, 0x00, 0x46, 0xc0, 0, length, 0, 0, 0x40, 0, 1, 2
#define SOURCE4 192, 0, 2, 7
#define GROUP4 239, 129, 2, 3
#define ROUTERS4 224, 0, 0, 22
#define SSM4 232, 1, 1, 1

#define ALERT6 58, 0, 5, 2, 0, 0, 1, 0
#define IP6(length) 0x86, 0xdd, 0x60, 0, 0, 0, 0, length, 0, 1
#define NONE6 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
#define SOURCE6 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5
#define GROUP6 0xff, 0x1e, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 9
#define ROUTERS6 0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x16
#define SSM6 0xff, 0x3e, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1
#define FROM6 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1

#define GROUPS_MAX 2000
#define SOURCES_MAX 500

/* Of the group's 28 bits the lower 23. */
static const uint8_t group4_mac[] = { 0x01, 0x00, 0x5e, 0x01, 0x02, 0x03 };
static const uint8_t routers4_mac[] = { 0x01, 0x00, 0x5e, 0, 0, 22 };
static const uint8_t group6_mac[] = { 0x33, 0x33, 0, 8, 0, 9 };
static const uint8_t routers6_mac[] = { 0x33, 0x33, 0, 0, 0, 0x16 };

static struct membership groups[GROUPS_MAX];
static union membership_address sources[SOURCES_MAX];

static struct announce_address sender_of(int family, unsigned tags)
{
	struct announce_address sender = {
		.family = family,
		.mac = { MAC },
		.tag_count = (uint8_t)tags,
		.tags = { { ETH_P_8021AD, 4094 }, { ETH_P_8021Q, 100 } },
	};

	if (tags == 1)
		sender.tags[0] = sender.tags[1];
	if (family == AF_INET)
		inet_pton(AF_INET, "192.0.2.7", &sender.v4);
	if (family == AF_INET6)
		inet_pton(AF_INET6, "fe80::5", &sender.v6);
	return sender;
}

static struct membership group_of(const char *text)
{
	struct membership group = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	assert_int_equal(inet_pton(group.family, text, &group.group), 1);
	return group;
}

/* The frame at *@at of the reports; *@at is then that of the next one. */
static const uint8_t *next_frame(const struct announce_reports *reports, size_t *at,
				 uint16_t *ret_length)
{
	const uint8_t *frame = reports->bytes + *at + sizeof(*ret_length);

	memcpy(ret_length, reports->bytes + *at, sizeof(*ret_length));
	*at += sizeof(*ret_length) + *ret_length;
	assert_true(*at <= reports->used);
	return frame;
}

/* One frame: its MACs, the sender's tags, then @rest. */
static void expect_frame(const struct announce_address *sender, unsigned version, size_t count,
			 const uint8_t mac[ETH_ALEN], const uint8_t *rest, size_t size)
{
	static const uint8_t all_tags[] = { 0x88, 0xa8, 0x0f, 0xfe, 0x81, 0x00, 0x00, 0x64 },
			     sender_mac[] = { MAC };
	size_t tags_size = 4u * sender->tag_count, expected_size = 12 + tags_size + size, at = 0;
	struct announce_reports reports = { 0 };
	uint8_t expected[256] = { 0 };
	const uint8_t *frame;
	uint16_t length;

	memcpy(expected, mac, 6);
	memcpy(expected + 6, sender_mac, 6);
	memcpy(expected + 12, all_tags + sizeof(all_tags) - tags_size, tags_size);
	memcpy(expected + 12 + tags_size, rest, size);
	assert_int_equal(membership_frames_add(&reports, sender, 1500, version, groups, count), 0);
	assert_int_equal(reports.count, 1);
	frame = next_frame(&reports, &at, &length);
	assert_int_equal(at, reports.used);
	assert_int_equal(length, expected_size < 60 ? 60 : expected_size);
	assert_memory_equal(frame, expected, length);
	announce_reports_free(&reports);
}

static void expect_tagged(int family, unsigned version, size_t count, const uint8_t mac[ETH_ALEN],
			  const uint8_t *rest, size_t size)
{
	for (unsigned tags = 0; tags <= ANNOUNCE_MAX_TAGS; tags++) {
		struct announce_address sender = sender_of(family, tags);

		expect_frame(&sender, version, count, mac, rest, size);
	}
}

#define EXPECT_TAGGED(family, version, count, mac, ...)                                            \
	do {                                                                                       \
		const uint8_t rest_[] = { __VA_ARGS__ };                                           \
		expect_tagged((family), (version), (count), (mac), rest_, sizeof(rest_));          \
	} while (0)

static void igmpv1(void **state)
{
	(void)state;
	groups[0] = group_of("239.129.2.3");
	EXPECT_TAGGED(AF_INET, 1, 1, group4_mac, IP(32), 0x30, 0x8c, SOURCE4, GROUP4, ALERT4, 0x12,
		      0, 0xfc, 0x7a, GROUP4);
}

static void igmpv2(void **state)
{
	(void)state;
	groups[0] = group_of("239.129.2.3");
	EXPECT_TAGGED(AF_INET, 2, 1, group4_mac, IP(32), 0x30, 0x8c, SOURCE4, GROUP4, ALERT4, 0x16,
		      0, 0xf8, 0x7a, GROUP4);
}

static void igmpv2_without_an_address(void **state)
{
	struct announce_address sender = sender_of(AF_INET, 0);
	const uint8_t rest[] = { IP(32), 0xf2,	 0x93, 0, 0,	0,    0,
				 GROUP4, ALERT4, 0x16, 0, 0xf8, 0x7a, GROUP4 };

	(void)state;
	sender.v4.s_addr = 0;
	groups[0] = group_of("239.129.2.3");
	expect_frame(&sender, 2, 1, group4_mac, rest, sizeof(rest));
}

static void igmpv3(void **state)
{
	(void)state;
	groups[0] = group_of("239.129.2.3");
	EXPECT_TAGGED(AF_INET, 3, 1, routers4_mac, IP(40), 0x41, 0xf2, SOURCE4, ROUTERS4, ALERT4,
		      0x22, 0, 0xea, 0x79, 0, 0, 0, 1, 2, 0, 0, 0, GROUP4);
}

static void igmpv3_with_sources(void **state)
{
	(void)state;
	groups[0] = group_of("239.129.2.3");
	groups[1] = group_of("232.1.1.1");
	inet_pton(AF_INET, "198.51.100.1", &sources[0]);
	inet_pton(AF_INET, "198.51.100.2", &sources[1]);
	groups[1].sources = sources;
	groups[1].source_count = 2;
	EXPECT_TAGGED(AF_INET, 3, 2, routers4_mac, IP(56), 0x41, 0xe2, SOURCE4, ROUTERS4, ALERT4,
		      0x22, 0, 0xac, 0x08, 0, 0, 0, 2, 2, 0, 0, 0, GROUP4, 1, 0, 0, 2, SSM4, 198,
		      51, 100, 1, 198, 51, 100, 2);
}

static void mldv1(void **state)
{
	(void)state;
	groups[0] = group_of("ff1e::8:9");
	EXPECT_TAGGED(AF_INET6, 1, 1, group6_mac, IP6(32), SOURCE6, GROUP6, ALERT6, 131, 0, 0x7f,
		      0xc7, 0, 0, 0, 0, GROUP6);
}

static void mldv2(void **state)
{
	(void)state;
	groups[0] = group_of("ff1e::8:9");
	EXPECT_TAGGED(AF_INET6, 2, 1, routers6_mac, IP6(36), SOURCE6, ROUTERS6, ALERT6, 143, 0,
		      0x71, 0xd9, 0, 0, 0, 1, 2, 0, 0, 0, GROUP6);
}

static void mldv2_with_sources(void **state)
{
	(void)state;
	groups[0] = group_of("ff1e::8:9");
	groups[1] = group_of("ff3e::1");
	inet_pton(AF_INET6, "2001:db8::1", &sources[0]);
	groups[1].sources = sources;
	groups[1].source_count = 1;
	EXPECT_TAGGED(AF_INET6, 2, 2, routers6_mac, IP6(72), SOURCE6, ROUTERS6, ALERT6, 143, 0,
		      0x43, 0xb9, 0, 0, 0, 2, 2, 0, 0, 0, GROUP6, 1, 0, 0, 1, SSM6, FROM6);
}

static void mld_before_there_is_an_address(void **state)
{
	struct announce_address sender = sender_of(AF_INET6, 0);
	const uint8_t v1[] = { IP6(32), NONE6, GROUP6, ALERT6, 131, 0,	   0x7e,
			       0x4d,	0,     0,      0,      0,   GROUP6 };
	const uint8_t v2[] = { IP6(36), NONE6, ROUTERS6, ALERT6, 143, 0, 0x70, 0x5f,  0,
			       0,	0,     1,	 2,	 0,   0, 0,    GROUP6 };

	(void)state;
	memset(&sender.v6, 0, sizeof(sender.v6));
	groups[0] = group_of("ff1e::8:9");
	expect_frame(&sender, 1, 1, group6_mac, v1, sizeof(v1));
	expect_frame(&sender, 2, 1, routers6_mac, v2, sizeof(v2));
}

/* As a receiver checks them: all that a checksum is over, itself included, adds up to all ones. */
static uint16_t sum_of(const uint8_t *bytes, size_t size, uint64_t sum)
{
	for (size_t i = 0; i < size; i += 2)
		sum += bytes[i] * 256u + bytes[i + 1];
	return (uint16_t)(sum % 0xffff ? sum % 0xffff : 0xffff);
}

static void expect_checksums(const uint8_t *ip, bool is_ipv4)
{
	size_t size = is_ipv4 ? (size_t)ip[2] << 8 | ip[3] : 40 + ((size_t)ip[4] << 8 | ip[5]);

	if (is_ipv4) {
		assert_int_equal(sum_of(ip, 24, 0), 0xffff);
		assert_int_equal(sum_of(ip + 24, size - 24, 0), 0xffff);
		return;
	}
	assert_int_equal(
		sum_of(ip + 48, size - 48, (uint64_t)sum_of(ip + 8, 32, 0) + size - 48 + 58),
		0xffff);
}

/*
 * What the records of all frames name, each frame as full as @mtu allows. Returns how many records
 * there are.
 */
static size_t expect_records(const struct announce_reports *reports, uint32_t mtu, unsigned tags,
			     size_t *ret_sources)
{
	size_t records = 0, at = 0;

	*ret_sources = 0;
	while (at < reports->used) {
		uint16_t length;
		const uint8_t *frame = next_frame(reports, &at, &length),
			      *ip = frame + 14 + 4 * tags;
		bool is_ipv4 = ip[0] >> 4 == 4;
		size_t address = is_ipv4 ? 4 : 16, of_frame;
		const uint8_t *record = ip + (is_ipv4 ? 32 : 56);

		expect_checksums(ip, is_ipv4);
		assert_true(length <= 14 + mtu);
		of_frame = (size_t)record[-2] << 8 | record[-1];
		assert_true(of_frame > 0);
		/* Each but the last has no room for another record. */
		assert_true(at == reports->used || length + 4 + 2 * address > 14 + mtu);
		records += of_frame;
		for (; of_frame; of_frame--) {
			size_t count = (size_t)record[2] << 8 | record[3];

			assert_int_equal(record[0], count ? 1 : 2);
			*ret_sources += count;
			record += 4 + address * (1 + count);
		}
		assert_true(record <= frame + length);
	}
	return records;
}

static void many_groups_share_frames(void **state)
{
	static const uint32_t mtus[] = { 68, 576, 1280, 1499, 1500, 9000 };

	(void)state;
	for (size_t i = 0; i < sizeof(mtus) / sizeof(*mtus); i++) {
		uint32_t mtu = mtus[i] < MEMBERSHIP_FRAMES_MTU ? mtus[i] : MEMBERSHIP_FRAMES_MTU;

		for (unsigned tags = 0; tags <= ANNOUNCE_MAX_TAGS; tags++) {
			struct announce_address sender4 = sender_of(AF_INET, tags),
						sender6 = sender_of(AF_INET6, tags);
			struct announce_reports reports = { 0 };
			size_t found;

			for (uint32_t j = 0; j < GROUPS_MAX; j++) {
				groups[j] = (struct membership){ .family = AF_INET };
				groups[j].group.v4.s_addr = htonl(0xef000000 + j);
			}
			assert_int_equal(membership_frames_add(&reports, &sender4, mtus[i], 3,
							       groups, GROUPS_MAX),
					 0);
			assert_int_equal(expect_records(&reports, mtu, tags, &found), GROUPS_MAX);
			assert_int_equal(found, 0);
			if (mtus[i] == 1500 && !tags)
				assert_int_equal(reports.count,
						 (GROUPS_MAX + 182) /
							 183); /* (1500 - 24 - 8) / 8 */
			announce_reports_free(&reports);

			for (uint32_t j = 0; j < GROUPS_MAX; j++)
				groups[j] = group_of("ff1e::8:9");
			assert_int_equal(membership_frames_add(&reports, &sender6, mtus[i], 2,
							       groups, GROUPS_MAX),
					 0);
			assert_int_equal(expect_records(&reports, mtu, tags, &found),
					 mtus[i] < 1280 ? 0 : GROUPS_MAX);
			announce_reports_free(&reports);
		}
	}
}

/*
 * A record is split where its sources have no room: of those that are wanted none may be left out.
 */
static void many_sources_are_split(void **state)
{
	static const uint32_t mtus[] = { 68, 1280, 1500 };

	(void)state;
	for (size_t i = 0; i < sizeof(mtus) / sizeof(*mtus); i++)
		for (size_t count = 1; count <= SOURCES_MAX; count++) {
			struct announce_address sender = sender_of(i % 2 ? AF_INET6 : AF_INET, 1);
			struct announce_reports reports = { 0 };
			size_t found;

			groups[0] = group_of(i % 2 ? "ff3e::1" : "232.1.1.1");
			groups[0].sources = sources;
			groups[0].source_count = count;
			groups[1] = groups[0];
			groups[1].sources = NULL;
			groups[1].source_count = 0;
			assert_int_equal(membership_frames_add(&reports, &sender, mtus[i],
							       i % 2 ? 2 : 3, groups, 2),
					 0);
			assert_true(expect_records(&reports, mtus[i], 1, &found) >= 2);
			assert_int_equal(found, count);
			announce_reports_free(&reports);
		}
}

static void older_versions_take_a_frame_each(void **state)
{
	struct announce_address sender = sender_of(AF_INET6, 2);
	struct announce_reports reports = { 0 };

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		groups[i] = group_of("ff1e::8:0");
		groups[i].group.v6.s6_addr[15] = (uint8_t)i;
	}
	assert_int_equal(membership_frames_add(&reports, &sender, 1500, 1, groups, 10), 0);
	assert_int_equal(reports.count, 10);
	for (size_t at = 0, i = 0; at < reports.used; i++) {
		uint16_t length;
		const uint8_t *frame = next_frame(&reports, &at, &length);

		expect_checksums(frame + 22, false);
		assert_int_equal(frame[5], i);
		assert_int_equal(frame[22 + 48 + 23], i);
	}
	announce_reports_free(&reports);
}

static void mistakes_are_refused(void **state)
{
	struct announce_address sender = sender_of(AF_UNSPEC, 0);
	struct announce_reports reports = { 0 };

	(void)state;
	groups[0] = group_of("239.129.2.3");
	assert_int_equal(membership_frames_add(&reports, &sender, 1500, 3, groups, 1),
			 -EAFNOSUPPORT);
	sender = sender_of(AF_INET, ANNOUNCE_MAX_TAGS + 1);
	assert_int_equal(membership_frames_add(&reports, &sender, 1500, 3, groups, 1), -EINVAL);
	for (unsigned version = 0; version < 256; version += 4) {
		sender = sender_of(AF_INET, 0);
		assert_int_equal(membership_frames_add(&reports, &sender, 1500, version, groups, 1),
				 -EINVAL);
		sender = sender_of(AF_INET6, 0);
		assert_int_equal(
			membership_frames_add(&reports, &sender, 1500, version + 3, groups, 1),
			-EINVAL);
	}
	sender = sender_of(AF_INET, 0);
	assert_int_equal(membership_frames_add(&reports, &sender, 1500, 3, groups, 0), 0);
	assert_int_equal(reports.count, 0);
	announce_reports_free(&reports);
}

static void lists_are_copied_and_compared(void **state)
{
	struct announce_address sender = sender_of(AF_INET, 0);
	struct announcement list = { 0 }, copy = { 0 };

	(void)state;
	assert_true(announce_reports_are_equal(&list.reports, &copy.reports));
	assert_int_equal(announcement_copy(&copy, &list), 0);
	assert_int_equal(copy.count + copy.reports.count, 0);
	announcement_free(&copy);
	groups[0] = group_of("239.129.2.3");
	assert_int_equal(membership_frames_add(&list.reports, &sender, 1500, 2, groups, 1), 0);
	assert_int_equal(announcement_add(&list, &sender), 0);
	assert_int_equal(announcement_copy(&copy, &list), 0);
	assert_int_equal(copy.count, 1);
	assert_memory_equal(copy.frames, list.frames, sizeof(*list.frames));
	assert_true(announce_reports_are_equal(&list.reports, &copy.reports));
	assert_int_equal(membership_frames_add(&list.reports, &sender, 1500, 2, groups, 1), 0);
	assert_false(announce_reports_are_equal(&list.reports, &copy.reports));
	/* Addresses are collected again without their groups. */
	announcement_clear(&list);
	assert_int_equal(list.reports.count, 2);
	announcement_free(&list);
	announcement_free(&copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(igmpv1),
		cmocka_unit_test(igmpv2),
		cmocka_unit_test(igmpv2_without_an_address),
		cmocka_unit_test(igmpv3),
		cmocka_unit_test(igmpv3_with_sources),
		cmocka_unit_test(mldv1),
		cmocka_unit_test(mldv2),
		cmocka_unit_test(mldv2_with_sources),
		cmocka_unit_test(mld_before_there_is_an_address),
		cmocka_unit_test(many_groups_share_frames),
		cmocka_unit_test(many_sources_are_split),
		cmocka_unit_test(older_versions_take_a_frame_each),
		cmocka_unit_test(mistakes_are_refused),
		cmocka_unit_test(lists_are_copied_and_compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
