/* SPDX-License-Identifier: GPL-2.0-only */
#include "announce.h"
#include "pace.h"

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

/* Enough for some thousand frames on their way; the usual 208 KiB would hold fewer than 300. */
#define SEND_BUFFER_BYTES (4 << 20)

#define RARP_REQUEST_REVERSE 3 /* RFC 903 */

struct arp_body {
	uint16_t hardware_type;
	uint16_t protocol_type;
	uint8_t hardware_size;
	uint8_t protocol_size;
	uint16_t operation;
	uint8_t sender_mac[ETH_ALEN];
	uint8_t sender_ip[4];
	uint8_t target_mac[ETH_ALEN];
	uint8_t target_ip[4];
} __attribute__((packed));

struct advertisement {
	struct ip6_hdr ip;
	struct nd_neighbor_advert icmp;
	struct nd_opt_hdr option;
	uint8_t target_mac[ETH_ALEN];
} __attribute__((packed));

_Static_assert(sizeof(struct announce_frame) == sizeof(size_t) + ANNOUNCE_FRAME_SIZE, "two are compared as bytes");
_Static_assert(sizeof(struct arp_body) == 28, "ARP over Ethernet and IPv4, as on the wire");
_Static_assert(sizeof(struct advertisement) == 72, "neighbour advertisement with its option, as on the wire");
_Static_assert(ETH_HLEN + 4 * ANNOUNCE_MAX_TAGS + sizeof(struct advertisement) <= ANNOUNCE_FRAME_SIZE,
	       "the longest frame fits");

static void frame_append(struct announce_frame *frame, const void *bytes, size_t size)
{
	memcpy(frame->bytes + frame->length, bytes, size);
	frame->length += size;
}

static void frame_append_u16(struct announce_frame *frame, uint16_t value)
{
	uint16_t network = htons(value);

	frame_append(frame, &network, sizeof(network));
}

static void append_ethernet(struct announce_frame *frame, const uint8_t destination[ETH_ALEN],
			    const struct announce_address *address, uint16_t protocol)
{
	frame_append(frame, destination, ETH_ALEN);
	frame_append(frame, address->mac, ETH_ALEN);
	for (unsigned i = 0; i < address->tag_count; i++) {
		frame_append_u16(frame, address->tags[i].protocol);
		frame_append_u16(frame, address->tags[i].vlan_id & 0x0fff);
	}
	frame_append_u16(frame, protocol);
}

static void append_arp(struct announce_frame *frame, const struct announce_address *address)
{
	struct arp_body body = {
		.hardware_type = htons(ARPHRD_ETHER),
		.protocol_type = htons(ETH_P_IP),
		.hardware_size = ETH_ALEN,
		.protocol_size = sizeof(body.sender_ip),
	};

	memcpy(body.sender_mac, address->mac, ETH_ALEN);
	if (address->family == AF_INET) {
		/* The request form, as RFC 5227 asks: stacks that ignore unasked replies take it too. */
		body.operation = htons(ARPOP_REQUEST);
		memcpy(body.sender_ip, &address->v4, sizeof(body.sender_ip));
		memcpy(body.target_ip, &address->v4, sizeof(body.target_ip));
	} else {
		body.operation = htons(RARP_REQUEST_REVERSE);
		memcpy(body.target_mac, address->mac, ETH_ALEN);
	}
	frame_append(frame, &body, sizeof(body));
}

static uint32_t sum_words(const void *bytes, size_t size, uint32_t sum)
{
	const uint8_t *byte = bytes;

	for (size_t i = 0; i + 1 < size; i += 2)
		sum += (uint32_t)byte[i] << 8 | byte[i + 1];
	return sum;
}

/* RFC 4443, 2.3: over the pseudo header (addresses, length, next header) and the message, whose length is even. */
static uint16_t advertisement_checksum(const struct advertisement *body)
{
	const uint8_t *bytes = (const uint8_t *)body;
	size_t length = sizeof(*body) - sizeof(body->ip);
	uint32_t sum = (uint32_t)length + IPPROTO_ICMPV6;

	sum = sum_words(bytes + offsetof(struct advertisement, ip.ip6_src), 2 * sizeof(struct in6_addr), sum);
	sum = sum_words(bytes + sizeof(body->ip), length, sum);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void append_advertisement(struct announce_frame *frame, const struct announce_address *address)
{
	struct advertisement body = {
		.ip.ip6_flow = htonl(6u << 28),
		.ip.ip6_plen = htons(sizeof(body) - sizeof(body.ip)),
		.ip.ip6_nxt = IPPROTO_ICMPV6,
		.ip.ip6_hlim = 255, /* receivers discard anything less, RFC 4861, 7.1.2 */
		.ip.ip6_src = address->v6,
		.ip.ip6_dst = { .s6_addr = { 0xff, 0x02, [15] = 0x01 } },
		.icmp.nd_na_hdr.icmp6_type = ND_NEIGHBOR_ADVERT,
		.icmp.nd_na_flags_reserved = ND_NA_FLAG_OVERRIDE | (address->router ? ND_NA_FLAG_ROUTER : 0),
		.icmp.nd_na_target = address->v6,
		.option.nd_opt_type = ND_OPT_TARGET_LINKADDR,
		.option.nd_opt_len = 1, /* in units of 8 bytes */
	};

	memcpy(body.target_mac, address->mac, ETH_ALEN);
	body.icmp.nd_na_hdr.icmp6_cksum = advertisement_checksum(&body);
	frame_append(frame, &body, sizeof(body));
}

int announce_build(const struct announce_address *address, struct announce_frame *ret)
{
	static const uint8_t broadcast[ETH_ALEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	static const uint8_t all_nodes[ETH_ALEN] = { 0x33, 0x33, 0x00, 0x00, 0x00, 0x01 };
	struct announce_frame frame = { 0 };

	if (address->tag_count > ANNOUNCE_MAX_TAGS)
		return -EINVAL;

	switch (address->family) {
	case AF_UNSPEC:
		append_ethernet(&frame, broadcast, address, ETH_P_RARP);
		append_arp(&frame, address);
		break;
	case AF_INET:
		append_ethernet(&frame, broadcast, address, ETH_P_ARP);
		append_arp(&frame, address);
		break;
	case AF_INET6:
		append_ethernet(&frame, all_nodes, address, ETH_P_IPV6);
		append_advertisement(&frame, address);
		break;
	default:
		return -EAFNOSUPPORT;
	}
	/* The padding is zero already. */
	if (frame.length < ETH_ZLEN)
		frame.length = ETH_ZLEN;
	*ret = frame;
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

	if (list->count == list->size) {
		size_t size = list->size ? 2 * list->size : 16;
		struct announce_frame *frames = reallocarray(list->frames, size, sizeof(*frames));

		if (!frames)
			return -ENOMEM;
		list->frames = frames;
		list->size = size;
	}
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

	return result || !announce_filter_passes(&list->filter, address) ? result : announcement_add_frame(list, &frame);
}

void announcement_clear(struct announcement *list)
{
	list->count = 0;
	unique_clear(&list->known);
}

void announcement_free(struct announcement *list)
{
	free(list->frames);
	unique_free(&list->known);
	*list = (struct announcement){ 0 };
}

int announce_open(void)
{
	/* Protocol 0 receives nothing, so that no queue fills up that nobody reads. */
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int bytes = SEND_BUFFER_BYTES;

	if (fd < 0)
		return -errno;
	/* FORCE needs CAP_NET_ADMIN; with the usual size a long list may meet -EAGAIN, and no more than that. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	return fd;
}

static int send_frame(int fd, int ifindex, const struct announce_frame *frame, int bypass)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = ifindex };

	/* The option may change between two frames; one socket serves both paths. */
	if (setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &bypass, sizeof(bypass)) && bypass)
		return -errno;
	/* Kernels before 5.0 do not read the frame's protocol from its header. */
	memcpy(&to.sll_protocol, frame->bytes + 2 * ETH_ALEN, sizeof(to.sll_protocol));
	for (;;) {
		if (sendto(fd, frame->bytes, frame->length, 0, (struct sockaddr *)&to, sizeof(to)) >= 0)
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

/* -ENOBUFS: queue stopped or driver busy; a qdisc holds the frame until it is not. If that is full, too, or the socket's buffer: a little later. */
static int send_paced(int fd, int ifindex, const struct announce_frame *frame, struct pace *pace)
{
	uint64_t pause_ns = pace_next(pace);
	int err;

	do {
		pause_for(pause_ns);
		err = send_frame(fd, ifindex, frame, 1);
		if (err == -ENOBUFS)
			err = send_frame(fd, ifindex, frame, 0);
		if (err != -ENOBUFS && err != -EAGAIN)
			return err;
		pause_ns = pace_again(pace);
	} while (pause_ns);
	return err;
}

int announce_send(int fd, int ifindex, const struct announcement *list)
{
	struct pace pace = { 0 };
	int sent = 0, first_err = 0;

	for (size_t i = 0; i < list->count; i++) {
		int err = send_paced(fd, ifindex, &list->frames[i], &pace);

		if (!err) {
			sent++;
			continue;
		}
		if (!first_err)
			first_err = err;
		/* These would meet every further frame as well. */
		if (err == -ENETDOWN || err == -ENXIO || err == -ENODEV || err == -EAGAIN)
			break;
	}
	return sent ? sent : first_err;
}
