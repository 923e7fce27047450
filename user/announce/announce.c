/* SPDX-License-Identifier: GPL-2.0-only */
#include "announce/announce.h"
#include "announce/frame.h"
#include "base/room.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/ip6.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Room for some thousand pending frames; the default of 208 KiB holds fewer than 300. */
#define SEND_BUFFER_BYTES (4 << 20)

#define RARP_REQUEST_REVERSE 3 /* RFC 903 */

struct advertisement {
	struct ip6_hdr ip;
	struct nd_neighbor_advert icmp;
	struct nd_opt_hdr option;
	uint8_t target_mac[ETH_ALEN];
} __attribute__((packed));

_Static_assert(sizeof(struct announce_frame) == sizeof(size_t) + ANNOUNCE_FRAME_SIZE,
	       "two are compared as bytes");
_Static_assert(sizeof(struct advertisement) == 72,
	       "neighbour advertisement with its option, as on the wire");
_Static_assert(ETH_HLEN + 4 * ANNOUNCE_MAX_TAGS + sizeof(struct advertisement) <=
		       ANNOUNCE_FRAME_SIZE,
	       "the longest frame fits");

static void append_arp(struct frame *frame, const struct announce_address *address)
{
	struct frame_arp body;

	if (address->family == AF_INET) {
		/*
		 * The request form, as RFC 5227 asks: stacks that ignore unsolicited replies accept
		 * it.
		 */
		body = frame_arp(ARPOP_REQUEST, address->mac);
		memcpy(body.sender_ip, &address->v4, sizeof(body.sender_ip));
		memcpy(body.target_ip, &address->v4, sizeof(body.target_ip));
	} else {
		body = frame_arp(RARP_REQUEST_REVERSE, address->mac);
		memcpy(body.target_mac, address->mac, ETH_ALEN);
	}
	frame_append(frame, &body, sizeof(body));
}

static void append_advertisement(struct frame *frame, const struct announce_address *address)
{
	struct advertisement body = {
		.ip.ip6_flow = htonl(6u << 28),
		.ip.ip6_plen = htons(sizeof(body) - sizeof(body.ip)),
		.ip.ip6_nxt = IPPROTO_ICMPV6,
		.ip.ip6_hlim = 255, /* receivers discard lower values, RFC 4861, 7.1.2 */
		.ip.ip6_src = address->v6,
		.ip.ip6_dst = { .s6_addr = { 0xff, 0x02, [15] = 0x01 } },
		.icmp.nd_na_hdr.icmp6_type = ND_NEIGHBOR_ADVERT,
		.icmp.nd_na_flags_reserved =
			ND_NA_FLAG_OVERRIDE | (address->router ? ND_NA_FLAG_ROUTER : 0),
		.icmp.nd_na_target = address->v6,
		.option.nd_opt_type = ND_OPT_TARGET_LINKADDR,
		.option.nd_opt_len = 1, /* in units of 8 bytes */
	};

	memcpy(body.target_mac, address->mac, ETH_ALEN);
	body.icmp.nd_na_hdr.icmp6_cksum = frame_icmp6_checksum(&body, sizeof(body));
	frame_append(frame, &body, sizeof(body));
}

int announce_build(const struct announce_address *address, struct announce_frame *ret)
{
	static const uint8_t broadcast[ETH_ALEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	static const uint8_t all_nodes[ETH_ALEN] = { 0x33, 0x33, 0x00, 0x00, 0x00, 0x01 };
	struct announce_frame built = { 0 };
	struct frame frame = { .bytes = built.bytes };

	if (address->tag_count > ANNOUNCE_MAX_TAGS)
		return -EINVAL;

	switch (address->family) {
	case AF_UNSPEC:
		frame_append_ethernet(&frame, broadcast, address, ETH_P_RARP);
		append_arp(&frame, address);
		break;
	case AF_INET:
		frame_append_ethernet(&frame, broadcast, address, ETH_P_ARP);
		append_arp(&frame, address);
		break;
	case AF_INET6:
		frame_append_ethernet(&frame, all_nodes, address, ETH_P_IPV6);
		append_advertisement(&frame, address);
		break;
	default:
		return -EAFNOSUPPORT;
	}
	/* The padding is zero already. */
	built.length = frame.length < ETH_ZLEN ? ETH_ZLEN : frame.length;
	*ret = built;
	return 0;
}

bool announce_is_rarp(const struct announce_frame *frame)
{
	uint16_t protocol = 0;

	for (size_t at = 2 * ETH_ALEN; at + sizeof(protocol) <= frame->length; at += 4) {
		memcpy(&protocol, frame->bytes + at, sizeof(protocol));
		if (protocol != htons(ETH_P_8021Q) && protocol != htons(ETH_P_8021AD))
			break;
	}
	return protocol == htons(ETH_P_RARP);
}

int announcement_add_frame(struct announcement *list, const struct announce_frame *frame)
{
	int result;

	if (room_for_one(list->frames, list->count, &list->size))
		return -ENOMEM;
	result = unique_add(&list->known, list->frames, sizeof(*frame), frame);
	if (result)
		return result < 0 ? result : 0;
	list->frames[list->count++] = *frame;
	return 0;
}

int announcement_add(struct announcement *list, const struct announce_address *address)
{
	struct announce_frame frame;
	int result = announce_build(address, &frame);

	return result || !announce_filter_passes(&list->filter, address)
		       ? result
		       : announcement_add_frame(list, &frame);
}

void announcement_clear(struct announcement *list)
{
	list->count = list->queries.count = 0;
	list->groups_version = 0;
	unique_clear(&list->known);
	unique_clear(&list->queries.known);
}

void announcement_free(struct announcement *list)
{
	free(list->frames);
	unique_free(&list->known);
	announce_reports_free(&list->reports);
	free(list->queries.list);
	unique_free(&list->queries.known);
	*list = (struct announcement){ 0 };
}

int announcement_copy(struct announcement *ret, const struct announcement *from)
{
	struct announcement copy = { .count = from->count, .size = from->count };

	copy.reports = (struct announce_reports){ .used = from->reports.used,
						  .size = from->reports.used,
						  .count = from->reports.count };
	copy.queries = (struct announce_queries){ .count = from->queries.count,
						  .size = from->queries.count };
	copy.frames = calloc(from->count ? from->count : 1, sizeof(*copy.frames));
	copy.reports.bytes = malloc(from->reports.used ? from->reports.used : 1);
	copy.queries.list =
		calloc(from->queries.count ? from->queries.count : 1, sizeof(*copy.queries.list));
	if (!copy.frames || !copy.reports.bytes || !copy.queries.list) {
		announcement_free(&copy);
		return -ENOMEM;
	}
	/* A list without frames has no memory to copy. */
	if (from->count)
		memcpy(copy.frames, from->frames, from->count * sizeof(*copy.frames));
	if (from->reports.used)
		memcpy(copy.reports.bytes, from->reports.bytes, from->reports.used);
	if (from->queries.count)
		memcpy(copy.queries.list, from->queries.list,
		       from->queries.count * sizeof(*copy.queries.list));
	*ret = copy;
	return 0;
}

int announce_reports_add(struct announce_reports *reports, const uint8_t *frame, size_t length)
{
	uint16_t padded = (uint16_t)(length < ETH_ZLEN ? ETH_ZLEN : length);
	size_t needed = reports->used + sizeof(padded) + padded;

	if (length > UINT16_MAX)
		return -EMSGSIZE;
	if (needed > reports->size) {
		size_t size = 2 * needed;
		uint8_t *bytes = realloc(reports->bytes, size);

		if (!bytes)
			return -ENOMEM;
		reports->bytes = bytes;
		reports->size = size;
	}
	memcpy(reports->bytes + reports->used, &padded, sizeof(padded));
	reports->used += sizeof(padded);
	memset(reports->bytes + reports->used, 0, padded);
	memcpy(reports->bytes + reports->used, frame, length);
	reports->used += padded;
	reports->count++;
	return 0;
}

bool announce_reports_are_equal(const struct announce_reports *a, const struct announce_reports *b)
{
	return a->used == b->used && (!a->used || memcmp(a->bytes, b->bytes, a->used) == 0);
}

void announce_reports_free(struct announce_reports *reports)
{
	free(reports->bytes);
	*reports = (struct announce_reports){ 0 };
}

int announce_open(void)
{
	/* Protocol 0 receives nothing, so no queue fills up. */
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int bytes = SEND_BUFFER_BYTES;

	if (fd < 0)
		return -errno;
	/* FORCE needs CAP_NET_ADMIN; with the default size a long list may get -EAGAIN. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	return fd;
}

static int send_frame(int fd, int ifindex, const uint8_t *frame, size_t length, int bypass)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = ifindex };

	/* The option may change between two frames; one socket serves both paths. */
	if (setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &bypass, sizeof(bypass)) && bypass)
		return -errno;
	/* Kernels before 5.0 do not read the frame's protocol from its header. */
	memcpy(&to.sll_protocol, frame + 2 * ETH_ALEN, sizeof(to.sll_protocol));
	for (;;) {
		if (sendto(fd, frame, length, 0, (struct sockaddr *)&to, sizeof(to)) >= 0)
			return 0;
		if (errno != EINTR)
			return -errno;
	}
}

static void pause_for(uint64_t pause_ns)
{
	struct timespec left = { .tv_nsec = (long)pause_ns };

	while (pause_ns && nanosleep(&left, &left) && errno == EINTR)
		;
}

/*
 * -ENOBUFS: queue stopped or driver busy. The qdisc holds the frame until the queue runs. If the
 * qdisc or the socket's buffer is full, it waits and retries.
 */
static int send_paced(int fd, int ifindex, const uint8_t *frame, size_t length, struct pace *pace)
{
	uint64_t pause_ns = pace_next(pace);
	int err;

	do {
		pause_for(pause_ns);
		err = send_frame(fd, ifindex, frame, length, 1);
		if (err == -ENOBUFS)
			err = send_frame(fd, ifindex, frame, length, 0);
		if (err != -ENOBUFS && err != -EAGAIN)
			return err;
		pause_ns = pace_again(pace);
	} while (pause_ns);
	return err;
}

struct sending {
	int fd, ifindex;
	int sent, first_err;
	struct pace pace;
};

/* Returns whether to continue. */
static bool send_next(struct sending *sending, const uint8_t *frame, size_t length)
{
	int err = send_paced(sending->fd, sending->ifindex, frame, length, &sending->pace);

	if (!err)
		sending->sent++;
	else if (!sending->first_err)
		sending->first_err = err;
	/* Further frames would fail too. */
	return err != -ENETDOWN && err != -ENXIO && err != -ENODEV && err != -EAGAIN;
}

int announce_send(int fd, int ifindex, const struct announcement *list)
{
	struct sending sending = { .fd = fd, .ifindex = ifindex };
	const struct announce_reports *reports = &list->reports;
	bool goes_on = true;
	uint16_t length;

	for (size_t i = 0; i < list->count && goes_on; i++)
		goes_on = send_next(&sending, list->frames[i].bytes, list->frames[i].length);
	for (size_t at = 0; at < reports->used && goes_on; at += sizeof(length) + length) {
		memcpy(&length, reports->bytes + at, sizeof(length));
		goes_on = send_next(&sending, reports->bytes + at + sizeof(length), length);
	}
	return sending.sent ? sending.sent : sending.first_err;
}

void announce_ask(int fd, const struct announce_query *query, struct pace *pace)
{
	pause_for(pace_next(pace));
	send_frame(fd, query->ifindex, query->frame.bytes, query->frame.length, 1);
}

void announce_ask_all(int fd, const struct announce_queries *queries)
{
	struct pace pace = { 0 };

	for (size_t i = 0; i < queries->count; i++)
		announce_ask(fd, &queries->list[i], &pace);
}
