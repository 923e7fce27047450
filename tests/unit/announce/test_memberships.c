/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's lists of groups, as /proc/net shows them. */
#include "announce/memberships.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The group is an integer of the machine's byte order there. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define IN_IGMP(a, b, c, d) d c b a
#else
#define IN_IGMP(a, b, c, d) a b c d
#endif
#define IGMP_DEVICE(index, name, version) index "\t" name ":     2      " version "\n"
#define IGMP_GROUP(a, b, c, d, users)                                                              \
	"\t\t\t\t" IN_IGMP(a, b, c, d) "     " users " 0:00000000\t\t0\n"
#define ALL_HOSTS IGMP_GROUP("E0", "00", "00", "01", "1")
#define IGMP_HEAD "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n"
#define FILTER_HEAD "Idx Device        MCA        SRC    INC    EXC\n"
#define FILTER6_HEAD                                                                               \
	"Idx Device                Multicast Address                   Source Address    INC    "  \
	"EXC\n"

static FILE *file_of(const char *text)
{
	FILE *file = text ? fmemopen((void *)text, strlen(text), "r") : NULL;

	assert_true(file || !text);
	return file;
}

static struct memberships parse(const char *igmp, const char *mcfilter, const char *igmp6,
				const char *mcfilter6)
{
	FILE *files[] = { file_of(igmp), file_of(mcfilter), file_of(igmp6), file_of(mcfilter6) };
	struct memberships memberships = { 0 };

	assert_int_equal(memberships_parse(files[0], files[1], files[2], files[3], &memberships),
			 0);
	assert_true(memberships.is_read);
	for (int i = 0; i < 4; i++)
		if (files[i])
			fclose(files[i]);
	return memberships;
}

static const struct membership *one_of(const struct memberships *memberships, int ifindex,
				       const char *text)
{
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;
	union membership_address group = { 0 };
	const struct membership *list;
	size_t count;

	assert_int_equal(inet_pton(family, text, &group), 1);
	list = memberships_of(memberships, family, ifindex, &count);
	for (size_t i = 0; i < count; i++)
		if (!memcmp(&list[i].group, &group, sizeof(group)))
			return &list[i];
	return NULL;
}

static void expect_sources(const struct membership *membership, unsigned count, const char *first)
{
	union membership_address address;

	assert_non_null(membership);
	assert_int_equal(membership->source_count, count);
	if (!count) {
		assert_null(membership->sources);
		return;
	}
	inet_pton(membership->family, first, &address);
	assert_memory_equal(membership->sources, &address, membership->family == AF_INET ? 4 : 16);
}

static void groups_of_each_device(void **state)
{
	/* clang-format off */
	struct memberships memberships = parse(
		IGMP_HEAD
		IGMP_DEVICE("1", "lo        ", "V3") ALL_HOSTS
		IGMP_DEVICE("12", "br0.100   ", "V2") IGMP_GROUP("EF", "01", "02", "03", "3")
		ALL_HOSTS
		IGMP_DEVICE("3", "a-long-name-123", "V1") IGMP_GROUP("E0", "00", "00", "FB", "1")
		ALL_HOSTS,
		FILTER_HEAD,
		"12   br0.100         ff020000000000000000000000000001     1 0000000C 0\n"
		"12   br0.100         ff0200000000000000000001ff000002     7 00000004 0\n"
		"3    a-long-name-123 ff010000000000000000000000000001     1 00000008 0\n",
		FILTER6_HEAD);
	/* clang-format on */
	size_t count;

	(void)state;
	assert_int_equal(memberships.count, 8);
	assert_int_equal(one_of(&memberships, 12, "239.1.2.3")->users, 3);
	assert_int_equal(one_of(&memberships, 12, "239.1.2.3")->igmp_version, 2);
	assert_int_equal(one_of(&memberships, 12, "224.0.0.1")->igmp_version, 2);
	assert_int_equal(one_of(&memberships, 3, "224.0.0.251")->igmp_version, 1);
	assert_int_equal(one_of(&memberships, 1, "224.0.0.1")->igmp_version, 3);
	assert_null(one_of(&memberships, 1, "239.1.2.3"));
	assert_int_equal(one_of(&memberships, 12, "ff02::1:ff00:2")->users, 7);
	assert_non_null(one_of(&memberships, 3, "ff01::1"));
	assert_null(memberships_of(&memberships, AF_INET6, 1, &count));
	assert_int_equal(count, 0);
	memberships_free(&memberships);
}

/* CONFIG_IP_MULTICAST=n says NONE; a kernel without IPv6 has no file. */
static void kernels_without_either(void **state)
{
	struct memberships memberships =
		parse(IGMP_HEAD IGMP_DEVICE("1", "lo", "NONE") ALL_HOSTS, NULL, NULL, NULL);

	(void)state;
	assert_int_equal(memberships.count, 0);
	memberships_free(&memberships);
	memberships = parse(NULL, NULL, NULL, NULL);
	assert_int_equal(memberships.count, 0);
	memberships_free(&memberships);
}

static void listed_twice(void **state)
{
	struct memberships memberships = parse(
		IGMP_HEAD IGMP_DEVICE("4", "eth0", "V3") ALL_HOSTS ALL_HOSTS, NULL, NULL, NULL);

	(void)state;
	assert_int_equal(memberships.count, 1);
	memberships_free(&memberships);
}

static void what_is_not_understood_is_passed_over(void **state)
{
	struct memberships memberships =
		parse("\t\t\t\t010000E0     1 0:00000000\t\t0\n\n4\n4\teth0\nx\n", "1 2 3\n\n",
		      "1 eth0 ff02 1 0 0\n\n4 eth0\n", "  4 eth0 ff02 ff02 1 1\n");

	(void)state;
	assert_int_equal(memberships.count, 0);
	memberships_free(&memberships);
}

#define ONE_GROUP(users)                                                                           \
	IGMP_HEAD IGMP_DEVICE("4", "eth0", "V3") IGMP_GROUP("EF", "01", "02", "03", users) ALL_HOSTS
#define ROW "  4   eth0 0xef010203 "
#define ONE_GROUP6(users)                                                                          \
	"4    eth0            ff1e0000000000000000000000080009     " users " 00000004 0\n"
#define ROW6 "  4   eth0 ff1e0000000000000000000000080009 20010db80000000000000000000000"

static void sources_of(const char *users, const char *rows, const char *rows6, unsigned expected)
{
	struct memberships memberships;
	char igmp[512], igmp6[512];

	snprintf(igmp, sizeof(igmp), ONE_GROUP("%s"), users);
	snprintf(igmp6, sizeof(igmp6), ONE_GROUP6("%s"), users);
	memberships = parse(igmp, rows, igmp6, rows6);
	expect_sources(one_of(&memberships, 4, "239.1.2.3"), expected, "192.0.2.1");
	expect_sources(one_of(&memberships, 4, "ff1e::8:9"), expected, "2001:db8::1");
	expect_sources(one_of(&memberships, 4, "224.0.0.1"), 0, NULL);
	memberships_free(&memberships);
}

static void sources_of_members_that_all_name_them(void **state)
{
	(void)state;
	sources_of("1", FILTER_HEAD, FILTER6_HEAD, 0);
	sources_of("1", FILTER_HEAD ROW "0xc0000201      1      0\n",
		   FILTER6_HEAD ROW6 "01      1      0\n", 1);
	/* In whatever order the kernel lists them. */
	sources_of("2",
		   FILTER_HEAD ROW "0xc0000202      1      0\n" ROW "0xc0000201      2      0\n",
		   FILTER6_HEAD ROW6 "02      1      0\n" ROW6 "01      2      0\n", 2);
}

/*
 * A second member may want any source; or has a source of its own, and then more is asked for than
 * is wanted.
 */
static void sources_that_may_not_be_all(void **state)
{
	(void)state;
	sources_of("2", FILTER_HEAD ROW "0xc0000201      1      0\n",
		   FILTER6_HEAD ROW6 "01      1      0\n", 0);
	sources_of("2",
		   FILTER_HEAD ROW "0xc0000201      1      0\n" ROW "0xc0000202      1      0\n",
		   FILTER6_HEAD ROW6 "01      1      0\n" ROW6 "02      1      0\n", 0);
}

static void sources_that_are_not_wanted(void **state)
{
	(void)state;
	sources_of("1", FILTER_HEAD ROW "0xc0000201      0      1\n",
		   FILTER6_HEAD ROW6 "01      0      1\n", 0);
	sources_of("2",
		   FILTER_HEAD ROW "0xc0000201      2      0\n" ROW "0xc0000202      0      1\n",
		   FILTER6_HEAD ROW6 "01      2      0\n" ROW6 "02      0      1\n", 0);
}

static void source_specific_groups_have_sources(void **state)
{
	/* clang-format off */
	struct memberships memberships = parse(
		IGMP_HEAD IGMP_DEVICE("4", "eth0", "V3") IGMP_GROUP("E8", "01", "01", "01", "2"),
		FILTER_HEAD
		"  4   eth0 0xe8010101 0xc0000201      1      0\n"
		"  4   eth0 0xe8010101 0xc0000202      1      0\n",
		"4    eth0            ff3e0000000000000000000000000001     2 00000004 0\n",
		FILTER6_HEAD
		"  4   eth0 ff3e0000000000000000000000000001 "
		"20010db8000000000000000000000001      1      0\n");
	/* clang-format on */

	(void)state;
	expect_sources(one_of(&memberships, 4, "232.1.1.1"), 2, "192.0.2.1");
	expect_sources(one_of(&memberships, 4, "ff3e::1"), 1, "2001:db8::1");
	memberships_free(&memberships);
}

static void sources_of_other_devices(void **state)
{
	/* clang-format off */
	struct memberships memberships = parse(
		IGMP_HEAD
		IGMP_DEVICE("4", "eth0", "V3") IGMP_GROUP("EF", "01", "02", "03", "1")
		IGMP_DEVICE("5", "eth1", "V3") IGMP_GROUP("EF", "01", "02", "03", "1"),
		FILTER_HEAD
		"  3   eth9 0xef010203 0xc0000209      1      0\n"
		"  5   eth1 0xef010203 0xc0000201      1      0\n",
		NULL, NULL);
	/* clang-format on */

	(void)state;
	expect_sources(one_of(&memberships, 4, "239.1.2.3"), 0, NULL);
	expect_sources(one_of(&memberships, 5, "239.1.2.3"), 1, "192.0.2.1");
	memberships_free(&memberships);
}

static void which_are_reported(void **state)
{
	static const struct {
		const char *group;
		bool is_reported, unless_silent;
	} rows[] = {
		{ "224.0.0.1", false, false },	{ "224.0.0.2", true, false },
		{ "224.0.0.251", true, false }, { "224.0.1.1", true, true },
		{ "239.1.2.3", true, true },	{ "ff02::1", false, false },
		{ "ff01::1", false, false },	{ "ff00::5", false, false },
		{ "ff11::5", false, false },	{ "ff02::2", true, true },
		{ "ff02::fb", true, true },	{ "ff02::1:ff00:1", true, true },
		{ "ff12::1", true, true },	{ "ff1e::8:9", true, true },
		{ "ff05::1:3", true, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct membership membership = { .family = strchr(rows[i].group, ':') ? AF_INET6
										      : AF_INET };

		inet_pton(membership.family, rows[i].group, &membership.group);
		assert_int_equal(membership_is_reported(&membership, true), rows[i].is_reported);
		assert_int_equal(membership_is_reported(&membership, false), rows[i].unless_silent);
	}
}

static void this_machine(void **state)
{
	struct memberships memberships = { 0 };
	const struct membership *all_hosts;

	(void)state;
	assert_int_equal(memberships_read(&memberships), 0);
	all_hosts = one_of(&memberships, 1, "224.0.0.1");
	/* Unless lo is down, or the kernel has no IGMP. */
	if (all_hosts)
		assert_in_range(all_hosts->igmp_version, 1, 3);
	assert_int_equal(memberships_read(&memberships), 0);
	memberships_free(&memberships);
	memberships_free(&memberships);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_of_each_device),
		cmocka_unit_test(kernels_without_either),
		cmocka_unit_test(listed_twice),
		cmocka_unit_test(what_is_not_understood_is_passed_over),
		cmocka_unit_test(sources_of_members_that_all_name_them),
		cmocka_unit_test(sources_that_may_not_be_all),
		cmocka_unit_test(sources_that_are_not_wanted),
		cmocka_unit_test(source_specific_groups_have_sources),
		cmocka_unit_test(sources_of_other_devices),
		cmocka_unit_test(which_are_reported),
		cmocka_unit_test(this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
