/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * path_ask: the question that shows whether a wire leads to a neighbour, an ARP request (RFC 826) or a neighbour
 * solicitation (RFC 4861, 7.2.2), and the answers to it. The kernel asks the same in neigh_probe.
 */
#ifndef ANNOUNCE_PATH_ASK_H
#define ANNOUNCE_PATH_ASK_H

#include "announce/announce.h"

struct path_target {
	int ifindex; /* of the device of ours that is on its network, by which answers come */
	struct announce_address asker; /* our address of the target's family, its MAC and tags. All zeroes (IPv4): asked for nobody, RFC 5227, 2.1.1 */
	union {
		struct in_addr v4;
		struct in6_addr v6;
	};
	bool has_mac; /* else everybody is asked, or all who may have the IPv6 address */
	uint8_t mac[ETH_ALEN];
};

/* The frame of the question. Pure. Returns 0, -EAFNOSUPPORT, or -EINVAL: more than ANNOUNCE_MAX_TAGS tags. */
int path_ask_build(const struct path_target *target, struct announce_frame *ret);

/* What an answer says. */
struct path_answer {
	int ifindex; /* it came by; the caller of path_ask_read adds it */
	int family;
	union {
		struct in_addr v4;
		struct in6_addr v6;
	}; /* who answers */
	uint8_t to[ETH_ALEN]; /* the asker's MAC */
};

/* Reads a frame without tags, as a packet socket gets it, of @length bytes. False: no ARP reply, nor a neighbour advertisement. */
bool path_ask_read(const uint8_t *frame, size_t length, struct path_answer *ret);

bool path_ask_is_answer(const struct path_target *target, const struct path_answer *answer);

#endif
