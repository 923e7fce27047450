/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * path_answers: receives neighbours' answers to path_ask's questions, on all devices of the network
 * namespace. ARP replies are always read: they are few. Neighbour advertisements are read only
 * while an answer is expected, since each IPv6 packet passes that socket. A packet socket sees
 * frames that the programs at tc ingress pass, from either device of a pair
 * (__netif_receive_skb_core, Linux 5.10 to 6.18).
 */
#ifndef ANNOUNCE_PATH_ANSWERS_H
#define ANNOUNCE_PATH_ANSWERS_H

#include "announce/path_ask.h"

#define PATH_ANSWERS_KEPT 256

struct path_answers {
	int arp_fd, nd_fd; /* -1: closed */
	unsigned nd_users;
	uint64_t count; /* answers so far; the last PATH_ANSWERS_KEPT are kept */
	struct path_answer kept[PATH_ANSWERS_KEPT];
	uint64_t kept_ns[PATH_ANSWERS_KEPT]; /* the time when each was read */
};

/* Opens the ARP socket. Returns 0 or -errno (CAP_NET_RAW). The caller closes it in both cases. */
int path_answers_open(struct path_answers *ret);
void path_answers_close(struct path_answers *answers);

/*
 * Starts or stops reading neighbour advertisements for one user. The last stop waits for the
 * kernel's synchronize_net. Returns 0 or -errno.
 */
int path_answers_want_nd(struct path_answers *answers);
void path_answers_leave_nd(struct path_answers *answers);

/*
 * Reads pending answers; never blocks. @now_ns: of any clock. The same answer within
 * PATH_CHECK_PAUSE_NS / 2 is the other device's copy, and does not count.
 */
void path_answers_read(struct path_answers *answers, uint64_t now_ns);

/* Returns how many answers after the first @mark were from @target to its asker. */
unsigned path_answers_since(const struct path_answers *answers, uint64_t mark,
			    const struct path_target *target);

#endif
