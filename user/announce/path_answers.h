/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * path_answers: hears what neighbours answer to path_ask's questions, on all devices of the network namespace. ARP replies
 * always: they are few. Neighbour advertisements only while somebody waits for one, since each IPv6 packet passes that socket.
 * Packet sockets hear what the programs at tc ingress let pass, whatever wire it came by (__netif_receive_skb_core, Linux 5.10
 * to 6.18).
 */
#ifndef ANNOUNCE_PATH_ANSWERS_H
#define ANNOUNCE_PATH_ANSWERS_H

#include "announce/path_ask.h"

#define PATH_ANSWERS_KEPT 256

struct path_answers {
	int arp_fd, nd_fd; /* -1: closed */
	unsigned nd_users;
	uint64_t count; /* heard so far; the last PATH_ANSWERS_KEPT are kept */
	struct path_answer kept[PATH_ANSWERS_KEPT];
	uint64_t kept_ns[PATH_ANSWERS_KEPT]; /* when each was read */
};

/* Returns 0 or -errno (CAP_NET_RAW). The caller closes it in both cases. */
int path_answers_open(struct path_answers *ret);
void path_answers_close(struct path_answers *answers);

/* Somebody waits for neighbour advertisements, or no longer. The last one's end waits for the kernel's synchronize_net. Returns 0 or -errno. */
int path_answers_want_nd(struct path_answers *answers);
void path_answers_leave_nd(struct path_answers *answers);

/* Reads what has come; never blocks. @now_ns: of any clock. The same answer again within PATH_CHECK_PAUSE_NS / 2 is the other wire's copy, and not counted. */
void path_answers_read(struct path_answers *answers, uint64_t now_ns);

/* How many of the answers heard after the first @mark were @target's to its asker. */
unsigned path_answers_since(const struct path_answers *answers, uint64_t mark, const struct path_target *target);

#endif
