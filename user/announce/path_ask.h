/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * path_ask: the question whether a device reaches a neighbour, and its answer: ARP request (RFC
 * 826) or neighbour solicitation (RFC 4861, 7.2.2), as the kernel sends them in neigh_probe.
 */
#ifndef ANNOUNCE_PATH_ASK_H
#define ANNOUNCE_PATH_ASK_H

#include "announce/announce.h"

struct path_target {
	int ifindex; /* our device on the target's network, which receives the answers */
	/*
	 * our address of the target's family, its MAC and tags. All zero (IPv4): an ARP probe, RFC
	 * 5227, 2.1.1
	 */
	struct announce_address asker;
	union {
		struct in_addr v4;
		struct in6_addr v6;
	};
	bool has_mac; /* else broadcast, or the solicited-node group */
	uint8_t mac[ETH_ALEN];
};

/*
 * Builds the frame of the question. Pure. Returns 0, -EAFNOSUPPORT, or -EINVAL: more than
 * ANNOUNCE_MAX_TAGS tags.
 */
int path_ask_build(const struct path_target *target, struct announce_frame *ret);

/* A parsed answer. */
struct path_answer {
	int ifindex; /* the device that received it; the caller of path_ask_read sets it */
	int family;
	union {
		struct in_addr v4;
		struct in6_addr v6;
	}; /* the sender */
	uint8_t to[ETH_ALEN]; /* the asker's MAC */
};

/*
 * Parses a frame of @length bytes, without tags, as a packet socket receives it. False: it is no
 * ARP reply and no neighbour advertisement.
 */
bool path_ask_read(const uint8_t *frame, size_t length, struct path_answer *ret);

/* Is @answer from @target to its asker? */
bool path_ask_is_answer(const struct path_target *target, const struct path_answer *answer);

#endif
