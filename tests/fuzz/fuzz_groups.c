/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's four files of groups, a NUL between two: any bytes are read, and what is reported of
 * them are whole frames.
 */
#include "announce/frame.c"
#include "announce/membership_frames.c"
#include "announce/membership_ip.c"
#include "announce/memberships.c"

#include "fuzz.h"

#define FILES 4

static void expect_frames(const struct memberships *memberships, const struct membership *group,
			  unsigned version, uint32_t mtu)
{
	const struct announce_address sender = { .family = group->family,
						 .tag_count = version % (ANNOUNCE_MAX_TAGS + 1) };
	struct announce_reports reports = { 0 };
	uint16_t length;
	size_t count;

	group = memberships_of(memberships, group->family, group->ifindex, &count);
	FUZZ_EXPECT(group && count >= 1);
	FUZZ_EXPECT(!membership_frames_add(&reports, &sender, mtu, version, group, count));
	for (size_t at = 0; at < reports.used; at += sizeof(length) + length) {
		memcpy(&length, reports.bytes + at, sizeof(length));
		FUZZ_EXPECT(length >= 60 && at + sizeof(length) + length <= reports.used);
		FUZZ_EXPECT(length <= ETH_HLEN + MEMBERSHIP_FRAMES_MTU);
	}
	announce_reports_free(&reports);
}

static void expect_memberships(const struct memberships *memberships, uint32_t mtu)
{
	for (size_t i = 0; i < memberships->count; i++) {
		const struct membership *group = &memberships->list[i];

		FUZZ_EXPECT(group->family == AF_INET || group->family == AF_INET6);
		FUZZ_EXPECT(!i || membership_compare(group - 1, group) < 0);
		FUZZ_EXPECT(!group->sources == !group->source_count);
		membership_is_reported(group, mtu & 1);
		if (i && memberships->list[i - 1].ifindex == group->ifindex)
			continue;
		for (unsigned version = 1; version <= (group->family == AF_INET ? 3 : 2); version++)
			expect_frames(memberships, group, version, mtu);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct memberships memberships = { 0 };
	FILE *files[FILES] = { NULL };
	char *text = malloc(size + 1), *next = text;

	memcpy(text, data, size);
	text[size] = '\0';
	for (size_t i = 0; i < FILES && next <= text + size; i++) {
		size_t length = strlen(next);

		files[i] = length ? fmemopen(next, length, "r") : NULL;
		next += length + 1;
	}
	FUZZ_EXPECT(!memberships_parse(files[0], files[1], files[2], files[3], &memberships));
	expect_memberships(&memberships, 60 + (size ? data[0] * 13u : 0));
	memberships_free(&memberships);
	for (size_t i = 0; i < FILES; i++)
		if (files[i])
			fclose(files[i]);
	free(text);
	return 0;
}
