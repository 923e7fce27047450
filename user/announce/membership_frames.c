/* SPDX-License-Identifier: GPL-2.0-only */
#include "announce/membership_frames.h"
#include "announce/frame.h"
#include "announce/membership_ip.h"

#include <errno.h>
#include <linux/igmp.h>
#include <string.h>

#define MEMBERSHIP_MLD1_REPORT 131 /* RFC 2710 */
#define MEMBERSHIP_MLD2_REPORT 143 /* RFC 3810 */
#define MEMBERSHIP_IPV4_MTU_MIN 68
#define MEMBERSHIP_IPV6_MTU_MIN 1280

/* IGMPv3's and MLDv2's numbers are the same (RFC 3376, 4.2.12; RFC 3810, 5.2.12). */
enum membership_record {
	MEMBERSHIP_IS_INCLUDE = 1,
	MEMBERSHIP_IS_EXCLUDE = 2,
};

/* The older messages have the group in place of the second half, or after it. */
struct report_head {
	uint8_t type;
	uint8_t reserved;
	uint16_t checksum;
	uint16_t reserved_too;
	uint16_t record_count;
} __attribute__((packed));

_Static_assert(sizeof(struct report_head) == 8, "as on the wire");

/* A report under construction. */
struct report {
	struct announce_reports *reports;
	const struct announce_address *sender;
	uint8_t type;
	size_t address_size;
	struct membership_ip at;
	size_t end; /* where the frame must end */
	uint16_t record_count;
	struct frame frame;
	uint8_t bytes[ETH_HLEN + MEMBERSHIP_FRAMES_MTU];
};

static void report_begin(struct report *report, const union membership_address *to)
{
	const struct report_head head = { .type = report->type };

	report->frame = (struct frame){ .bytes = report->bytes };
	report->record_count = 0;
	report->at = membership_ip_append(&report->frame, report->sender, to);
	frame_append(&report->frame, &head, sizeof(head));
}

static int report_finish(struct report *report)
{
	uint16_t record_count = htons(report->record_count);

	/* The older messages have no records. */
	if (report->record_count)
		memcpy(report->bytes + report->at.message +
			       offsetof(struct report_head, record_count),
		       &record_count, sizeof(record_count));
	membership_ip_finish(&report->frame, &report->at, report->sender->family);
	return announce_reports_add(report->reports, report->bytes, report->frame.length);
}

/* IGMPv1 and v2, MLDv1: to the group itself. Only MLDv1 has the second half of the head. */
static int add_single(struct report *report, const struct membership *group)
{
	report_begin(report, &group->group);
	if (report->sender->family == AF_INET)
		report->frame.length =
			report->at.message + offsetof(struct report_head, reserved_too);
	frame_append(&report->frame, &group->group, report->address_size);
	return report_finish(report);
}

static size_t report_room(const struct report *report)
{
	return report->record_count ? report->end - report->frame.length : 0;
}

/* Sources beyond the frame's room go into a further record of the group. */
static int add_records(struct report *report, const union membership_address *to,
		       const struct membership *group)
{
	size_t header_size = 4 + report->address_size, left = group->source_count;
	const union membership_address *source = group->sources;
	int error = 0;

	do {
		uint8_t header[4] = { group->sources ? MEMBERSHIP_IS_INCLUDE
						     : MEMBERSHIP_IS_EXCLUDE };
		size_t count;

		if (report_room(report) < header_size + (left ? report->address_size : 0)) {
			if (report->record_count)
				error = report_finish(report);
			if (error)
				break;
			report_begin(report, to);
		}
		report->record_count++;
		count = (report->end - report->frame.length - header_size) / report->address_size;
		if (count > left)
			count = left;
		header[2] = (uint8_t)(count >> 8);
		header[3] = (uint8_t)count;
		frame_append(&report->frame, header, sizeof(header));
		frame_append(&report->frame, &group->group, report->address_size);
		for (; count; count--, left--)
			frame_append(&report->frame, source++, report->address_size);
	} while (left);
	return error;
}

static int add_all_records(struct report *report, const struct membership *groups, size_t count)
{
	union membership_address to = { .v6 = { .s6_addr = { 0xff, 0x02, [15] = 0x16 } } };
	int error = 0;

	if (report->sender->family == AF_INET)
		to.v4.s_addr = htonl(0xe0000016); /* 224.0.0.22 */
	for (size_t i = 0; i < count && !error; i++)
		error = add_records(report, &to, &groups[i]);
	return !error && report->record_count ? report_finish(report) : error;
}

/* The type of the version's report; 0: there is no such version. */
static uint8_t report_type(int family, unsigned version)
{
	static const uint8_t igmp[] = { 0, IGMP_HOST_MEMBERSHIP_REPORT,
					IGMPV2_HOST_MEMBERSHIP_REPORT,
					IGMPV3_HOST_MEMBERSHIP_REPORT };
	static const uint8_t mld[] = { 0, MEMBERSHIP_MLD1_REPORT, MEMBERSHIP_MLD2_REPORT, 0 };

	if (version >= sizeof(igmp))
		return 0;
	return family == AF_INET ? igmp[version] : mld[version];
}

int membership_frames_add(struct announce_reports *reports, const struct announce_address *sender,
			  uint32_t mtu, unsigned version, const struct membership *groups,
			  size_t count)
{
	bool is_ipv4 = sender->family == AF_INET;
	struct report report = {
		.reports = reports,
		.sender = sender,
		.type = report_type(sender->family, version),
		.address_size = is_ipv4 ? sizeof(struct in_addr) : sizeof(struct in6_addr),
		/* Tags included: a packet socket allows at most one tag beyond the MTU. */
		.end = ETH_HLEN + (mtu < MEMBERSHIP_FRAMES_MTU ? mtu : MEMBERSHIP_FRAMES_MTU),
	};
	int error = 0;

	if (!is_ipv4 && sender->family != AF_INET6)
		return -EAFNOSUPPORT;
	if (!report.type || sender->tag_count > ANNOUNCE_MAX_TAGS)
		return -EINVAL;
	if (version == (is_ipv4 ? 3 : 2))
		return mtu < (is_ipv4 ? MEMBERSHIP_IPV4_MTU_MIN : MEMBERSHIP_IPV6_MTU_MIN)
			       ? 0
			       : add_all_records(&report, groups, count);
	for (size_t i = 0; i < count && !error; i++)
		error = add_single(&report, &groups[i]);
	return error;
}
