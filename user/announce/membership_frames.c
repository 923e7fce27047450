/* SPDX-License-Identifier: GPL-2.0-only */
#include "announce/membership_frames.h"
#include "announce/frame.h"

#include <errno.h>
#include <linux/igmp.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <string.h>

#define MEMBERSHIP_MLD1_REPORT 131 /* RFC 2710 */
#define MEMBERSHIP_MLD2_REPORT 143 /* RFC 3810 */
#define MEMBERSHIP_IPV4_MTU_MIN 68
#define MEMBERSHIP_IPV6_MTU_MIN 1280
#define MEMBERSHIP_TOS 0xc0 /* internetwork control (RFC 2474: CS6) */
#define MEMBERSHIP_DONT_FRAGMENT 0x4000

/* IGMPv3's and MLDv2's numbers are the same (RFC 3376, 4.2.12; RFC 3810, 5.2.12). */
enum membership_record {
	MEMBERSHIP_IS_INCLUDE = 1,
	MEMBERSHIP_IS_EXCLUDE = 2,
};

struct ipv4_head {
	struct iphdr ip;
	uint8_t router_alert[4]; /* RFC 2113 */
} __attribute__((packed));

struct ipv6_head {
	struct ip6_hdr ip;
	uint8_t router_alert[8]; /* hop-by-hop header: RFC 2711 */
} __attribute__((packed));

/* The older messages have the group in place of the second half, or after it. */
struct report_head {
	uint8_t type;
	uint8_t reserved;
	uint16_t checksum;
	uint16_t reserved_too;
	uint16_t record_count;
} __attribute__((packed));

_Static_assert(sizeof(struct ipv4_head) == 24, "IPv4 with its option, as on the wire");
_Static_assert(sizeof(struct ipv6_head) == 48, "IPv6 with its option, as on the wire");
_Static_assert(sizeof(struct report_head) == 8, "as on the wire");

/* A report under construction. */
struct report {
	struct announce_reports *reports;
	const struct announce_address *sender;
	uint8_t type;
	size_t address_size;
	size_t ip, body, end; /* where the two begin, and where the frame must end */
	uint16_t record_count;
	struct frame frame;
	uint8_t bytes[ETH_HLEN + MEMBERSHIP_FRAMES_MTU];
};

static void append_ipv4(struct frame *frame, const struct announce_address *sender,
			struct in_addr to)
{
	struct ipv4_head head = {
		.ip.version = 4,
		.ip.ihl = sizeof(head) / 4,
		.ip.tos = MEMBERSHIP_TOS,
		.ip.frag_off = htons(MEMBERSHIP_DONT_FRAGMENT),
		.ip.ttl = 1,
		.ip.protocol = IPPROTO_IGMP,
		.ip.saddr = sender->v4.s_addr,
		.ip.daddr = to.s_addr,
		.router_alert = { 0x94, 4 },
	};
	const uint8_t *group = (const uint8_t *)&to;
	const uint8_t mac[ETH_ALEN] = { 0x01, 0x00, 0x5e, group[1] & 0x7f, group[2], group[3] };

	frame_append_ethernet(frame, mac, sender, ETH_P_IP);
	frame_append(frame, &head, sizeof(head));
}

static void append_ipv6(struct frame *frame, const struct announce_address *sender,
			struct in6_addr to)
{
	const struct ipv6_head head = {
		.ip.ip6_flow = htonl(6u << 28),
		.ip.ip6_nxt = IPPROTO_HOPOPTS,
		.ip.ip6_hlim = 1,
		.ip.ip6_src = sender->v6,
		.ip.ip6_dst = to,
		.router_alert = { IPPROTO_ICMPV6, 0, IP6OPT_ROUTER_ALERT, 2, 0, 0, IP6OPT_PADN, 0 },
	};
	const uint8_t mac[ETH_ALEN] = { 0x33,		0x33,		to.s6_addr[12],
					to.s6_addr[13], to.s6_addr[14], to.s6_addr[15] };

	frame_append_ethernet(frame, mac, sender, ETH_P_IPV6);
	frame_append(frame, &head, sizeof(head));
}

static void report_begin(struct report *report, const union membership_address *to)
{
	const struct report_head head = { .type = report->type };
	bool is_ipv4 = report->sender->family == AF_INET;

	report->frame = (struct frame){ .bytes = report->bytes };
	report->record_count = 0;
	report->ip = ETH_HLEN + 4u * report->sender->tag_count;
	report->body = report->ip + (is_ipv4 ? sizeof(struct ipv4_head) : sizeof(struct ipv6_head));
	if (is_ipv4)
		append_ipv4(&report->frame, report->sender, to->v4);
	else
		append_ipv6(&report->frame, report->sender, to->v6);
	frame_append(&report->frame, &head, sizeof(head));
}

/* IPv4: length, and checksums of the header and of the message. */
static void finish_ipv4(struct report *report)
{
	uint8_t *ip = report->bytes + report->ip, *body = report->bytes + report->body;
	uint16_t length = htons((uint16_t)(report->frame.length - report->ip));
	uint16_t checksum;

	memcpy(ip + offsetof(struct iphdr, tot_len), &length, sizeof(length));
	checksum = frame_checksum(frame_sum(ip, sizeof(struct ipv4_head), 0));
	memcpy(ip + offsetof(struct iphdr, check), &checksum, sizeof(checksum));
	checksum = frame_checksum(frame_sum(body, report->frame.length - report->body, 0));
	memcpy(body + offsetof(struct report_head, checksum), &checksum, sizeof(checksum));
}

/* IPv6: of the message and the pseudo header, without the hop-by-hop header (RFC 8200, 8.1). */
static void finish_ipv6(struct report *report)
{
	uint8_t *ip = report->bytes + report->ip, *body = report->bytes + report->body;
	size_t size = report->frame.length - report->body;
	uint16_t length =
		htons((uint16_t)(report->frame.length - report->ip - sizeof(struct ip6_hdr)));
	uint32_t sum = (uint32_t)size + IPPROTO_ICMPV6;
	uint16_t checksum;

	memcpy(ip + offsetof(struct ip6_hdr, ip6_plen), &length, sizeof(length));
	sum = frame_sum(ip + offsetof(struct ip6_hdr, ip6_src), 2 * sizeof(struct in6_addr), sum);
	checksum = frame_checksum(frame_sum(body, size, sum));
	memcpy(body + offsetof(struct report_head, checksum), &checksum, sizeof(checksum));
}

static int report_finish(struct report *report)
{
	uint16_t record_count = htons(report->record_count);

	/* The older messages have no records. */
	if (report->record_count)
		memcpy(report->bytes + report->body + offsetof(struct report_head, record_count),
		       &record_count, sizeof(record_count));
	if (report->sender->family == AF_INET)
		finish_ipv4(report);
	else
		finish_ipv6(report);
	return announce_reports_add(report->reports, report->bytes, report->frame.length);
}

/* IGMPv1 and v2, MLDv1: to the group itself. Only MLDv1 has the second half of the head. */
static int add_single(struct report *report, const struct membership *group)
{
	report_begin(report, &group->group);
	if (report->sender->family == AF_INET)
		report->frame.length = report->body + offsetof(struct report_head, reserved_too);
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
