/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * announce: frames that tell the network where a pair's MACs, addresses and groups now are: gratuitous ARP for every
 * IPv4 address (RFC 5227, 3), unsolicited neighbour advertisement for every IPv6 address (RFC 4861, 7.2.6),
 * RARP (RFC 903) for every MAC, and membership reports (membership_frames.h) for every multicast group, inside the VLAN
 * tags of the device that has the address or the group.
 */
#ifndef ANNOUNCE_ANNOUNCE_H
#define ANNOUNCE_ANNOUNCE_H

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "announce/announce_filter.h"
#include "announce/unique.h"

#define ANNOUNCE_MAX_TAGS 2

struct announce_tag {
	uint16_t protocol; /* ETH_P_8021Q or ETH_P_8021AD, host order */
	uint16_t vlan_id;  /* host order */
};

/* One address of the pair, and the MAC it is reached by. */
struct announce_address {
	int family; /* AF_INET, AF_INET6, or AF_UNSPEC: the MAC alone (RARP) */
	union {
		struct in_addr v4;
		struct in6_addr v6;
	};
	uint8_t mac[ETH_ALEN];
	bool router; /* AF_INET6: its device forwards. Said wrongly, hosts forget it as their default router */
	uint8_t tag_count; /* outermost tag first */
	struct announce_tag tags[ANNOUNCE_MAX_TAGS];
};

#define ANNOUNCE_FRAME_SIZE 128
struct announce_frame {
	size_t length; /* without FCS; at least 60 */
	uint8_t bytes[ANNOUNCE_FRAME_SIZE];
};

/* Builds the one frame for @address. Pure. Returns 0, -EAFNOSUPPORT, or -EINVAL: more than ANNOUNCE_MAX_TAGS tags. */
int announce_build(const struct announce_address *address, struct announce_frame *ret);

/* Is it a MAC's, inside whatever tags? */
bool announce_is_rarp(const struct announce_frame *frame);

/* Frames of any length, one behind the other, each behind its length (uint16_t). Zero-initialise it. */
struct announce_reports {
	uint8_t *bytes;
	size_t used, size;
	size_t count;
};

/* A list of frames, grown as needed. Zero-initialise it. */
struct announcement {
	struct announce_frame *frames; /* for MACs and addresses */
	size_t count, size;
	struct unique known;
	struct announce_filter filter; /* what it keeps back is not added */
	struct announce_reports reports; /* for groups; sent last. They are collected more often than the rest */
};

/* Appends the frame for @address, unless the same frame is there already or the filter keeps it back. Returns 0 or -errno. */
int announcement_add(struct announcement *list, const struct announce_address *address);
/* The same for a frame that was built already; no filter. */
int announcement_add_frame(struct announcement *list, const struct announce_frame *frame);
void announcement_clear(struct announcement *list); /* keeps the memory, and the reports */
void announcement_free(struct announcement *list);

/* Copies the frames of @from to @ret, which must be free of its own. Nothing can be added to the copy. Returns 0 or -ENOMEM. */
int announcement_copy(struct announcement *ret, const struct announcement *from);

/* Appends a whole frame of up to UINT16_MAX bytes, padded to 60. Returns 0 or -errno. */
int announce_reports_add(struct announce_reports *reports, const uint8_t *frame, size_t length);
bool announce_reports_are_equal(const struct announce_reports *a, const struct announce_reports *b);
void announce_reports_free(struct announce_reports *reports);

/* A packet socket to send on any device; receives nothing, never blocks. Needs CAP_NET_RAW. Returns the descriptor or
 * -errno. */
int announce_open(void);

/*
 * Sends every frame of @list, its reports included, out of @ifindex, past its qdisc and its egress programs (PACKET_QDISC_BYPASS,
 * Linux 3.14), so that it leaves by that wire whatever the pair's state; a frame that this path refuses (busy
 * queue) is sent again through the qdisc, and then for some ms again (pace.h). More than a burst is sent with pauses. Returns the number of frames sent (0 for an empty list), or -errno when
 * none was: -ENETDOWN the device is down, -ENXIO it is gone, -EAGAIN the socket's buffer is full, -ENOBUFS its queue
 * stays full. All but the last end the work, since every further frame would meet them. A device without carrier
 * takes the frames and loses them.
 */
int announce_send(int fd, int ifindex, const struct announcement *list);

#endif
