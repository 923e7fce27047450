/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * announce: frames that show the network where a pair's MACs, addresses and groups are now:
 * gratuitous ARP for each IPv4 address (RFC 5227, 3), unsolicited neighbour advertisement for each
 * IPv6 address (RFC 4861, 7.2.6), RARP (RFC 903) for each MAC, and a membership report
 * (membership_frames.h) for each multicast group. Each has the VLAN tags of the device with the
 * address or group.
 */
#ifndef ANNOUNCE_ANNOUNCE_H
#define ANNOUNCE_ANNOUNCE_H

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "announce/announce_filter.h"
#include "announce/pace.h"
#include "announce/unique.h"

#define ANNOUNCE_MAX_TAGS 2

struct announce_tag {
	uint16_t protocol; /* ETH_P_8021Q or ETH_P_8021AD, host order */
	uint16_t vlan_id;  /* host order */
};

/* One address of the pair, and its MAC. */
struct announce_address {
	int family; /* AF_INET, AF_INET6, or AF_UNSPEC: the MAC alone (RARP) */
	union {
		struct in_addr v4;
		struct in6_addr v6;
	};
	uint8_t mac[ETH_ALEN];
	/*
	 * AF_INET6: its device forwards. If the flag is wrong, hosts stop using it as default
	 * router
	 */
	bool router;
	uint8_t tag_count; /* outermost tag first */
	struct announce_tag tags[ANNOUNCE_MAX_TAGS];
};

#define ANNOUNCE_FRAME_SIZE 128
struct announce_frame {
	size_t length; /* without FCS; at least 60 bytes */
	uint8_t bytes[ANNOUNCE_FRAME_SIZE];
};

/*
 * Builds the frame for @address. Pure. Returns 0, -EAFNOSUPPORT, or -EINVAL: more than
 * ANNOUNCE_MAX_TAGS tags.
 */
int announce_build(const struct announce_address *address, struct announce_frame *ret);

/* Does the frame announce a MAC, inside any tags? */
bool announce_is_rarp(const struct announce_frame *frame);

/*
 * Frames of any length, stored in sequence, each after its length (uint16_t). Zero-initialise it.
 */
struct announce_reports {
	uint8_t *bytes;
	size_t used, size;
	size_t count;
};

/* A query for the stations behind a port (membership_queries.h). */
struct announce_query {
	int ifindex; /* of the port: the frame is sent out of it */
	struct announce_frame frame;
};

struct announce_queries {
	struct announce_query *list;
	size_t count, size;
	struct unique known;
};

/* A growing list of frames. Zero-initialise it. */
struct announcement {
	struct announce_frame *frames; /* for MACs and addresses */
	size_t count, size;
	struct unique known;
	struct announce_filter filter; /* suppresses addresses that are added */
	bool arp_is_filtered;	       /* by the guest: there are no IPv4 addresses in it */
	/* for groups; sent last. They are collected more often than the others */
	struct announce_reports reports;
	/* sent after the others, by announce_ask; nothing of them goes to a wire */
	struct announce_queries queries;
	unsigned groups_version; /* of the bridged_groups in it; 0: no bridge is above */
};

/*
 * Appends the frame for @address, unless it is there already or the filter suppresses it. Returns 0
 * or -errno.
 */
int announcement_add(struct announcement *list, const struct announce_address *address);
/* The same for a complete frame, without the filter. */
int announcement_add_frame(struct announcement *list, const struct announce_frame *frame);
/* Keeps the memory, and the reports. */
void announcement_clear(struct announcement *list);
void announcement_free(struct announcement *list);

/*
 * Copies the frames of @from to @ret, which must be empty. The copy cannot grow. Returns 0 or
 * -ENOMEM; the caller frees @ret.
 */
int announcement_copy(struct announcement *ret, const struct announcement *from);

/* Appends a frame of up to UINT16_MAX bytes, padded to 60. Returns 0 or -errno. */
int announce_reports_add(struct announce_reports *reports, const uint8_t *frame, size_t length);
bool announce_reports_are_equal(const struct announce_reports *a, const struct announce_reports *b);
void announce_reports_free(struct announce_reports *reports);

/*
 * Opens a packet socket that sends on any device, receives nothing and never blocks. Needs
 * CAP_NET_RAW. Returns the descriptor or -errno.
 */
int announce_open(void);

/*
 * Sends every frame of @list, with its reports, on @ifindex. It bypasses the qdisc and the egress
 * programs (PACKET_QDISC_BYPASS, Linux 3.14), so the pair's state does not matter. A frame that the
 * driver refuses (busy queue) is sent through the qdisc, and retried for some ms (pace.h). Between
 * bursts it pauses. Returns the number of frames sent (0 for an empty list), or -errno if none was
 * sent: -ENETDOWN: the device is down; -ENXIO: it is gone; -EAGAIN: the socket's buffer is full;
 * -ENOBUFS: its queue stays full. All but -ENOBUFS end the call, since further frames would fail
 * too. A device without carrier accepts the frames and loses them.
 */
int announce_send(int fd, int ifindex, const struct announcement *list);

/*
 * Sends a query, once: the repetition of the announcement sends those that a device refused. Pauses
 * between bursts. @pace: zero-initialised before the first.
 */
void announce_ask(int fd, const struct announce_query *query, struct pace *pace);
/* Sends all, each once. */
void announce_ask_all(int fd, const struct announce_queries *queries);

#endif
