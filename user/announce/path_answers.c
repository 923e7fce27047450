/* SPDX-License-Identifier: GPL-2.0-only */
#include "announce/path_answers.h"
#include "policy/path_check.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ARP_OPERATION (ETH_HLEN + 6)
#define IPV6_NEXT_HEADER (ETH_HLEN + 6)
#define ICMPV6_TYPE (ETH_HLEN + 40)
#define FILTER_SIZE(filter) (sizeof(filter) / sizeof((filter)[0]))

static struct sock_filter replies[] = {
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, ARP_OPERATION),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARPOP_REPLY, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, UINT16_MAX),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

static struct sock_filter advertisements[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, IPV6_NEXT_HEADER),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 0, 3),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ICMPV6_TYPE),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ND_NEIGHBOR_ADVERT, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, UINT16_MAX),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

/*
 * Sets the filter before the protocol, so that no other frame comes in. Returns a descriptor or
 * -errno.
 */
static int listen_for(uint16_t protocol, const struct sock_fprog *filter)
{
	const struct sockaddr_ll everywhere = { .sll_family = AF_PACKET,
						.sll_protocol = htons(protocol) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), error;

	if (fd < 0)
		return -errno;
	if (!setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, filter, sizeof(*filter)) &&
	    !bind(fd, (const struct sockaddr *)&everywhere, sizeof(everywhere)))
		return fd;
	error = -errno;
	close(fd);
	return error;
}

int path_answers_open(struct path_answers *ret)
{
	const struct sock_fprog filter = { .len = FILTER_SIZE(replies), .filter = replies };

	*ret = (struct path_answers){ .nd_fd = -1 };
	ret->arp_fd = listen_for(ETH_P_ARP, &filter);
	return ret->arp_fd < 0 ? ret->arp_fd : 0;
}

static void close_socket(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void path_answers_close(struct path_answers *answers)
{
	close_socket(&answers->arp_fd);
	close_socket(&answers->nd_fd);
}

int path_answers_want_nd(struct path_answers *answers)
{
	const struct sock_fprog filter = { .len = FILTER_SIZE(advertisements),
					   .filter = advertisements };

	if (answers->nd_fd < 0)
		answers->nd_fd = listen_for(ETH_P_IPV6, &filter);
	if (answers->nd_fd < 0)
		return answers->nd_fd;
	answers->nd_users++;
	return 0;
}

void path_answers_leave_nd(struct path_answers *answers)
{
	if (!--answers->nd_users)
		close_socket(&answers->nd_fd);
}

/*
 * Compares with the last few: the network's copies arrive on both devices at nearly the same time.
 */
static bool is_copy(const struct path_answers *answers, const struct path_answer *answer,
		    uint64_t now_ns)
{
	for (uint64_t i = answers->count; i && i + PATH_ANSWERS_KEPT > answers->count; i--) {
		size_t place = (i - 1) % PATH_ANSWERS_KEPT;

		if (now_ns - answers->kept_ns[place] >= PATH_CHECK_PAUSE_NS / 2)
			return false;
		if (!memcmp(&answers->kept[place], answer, sizeof(*answer)))
			return true;
	}
	return false;
}

static void read_socket(struct path_answers *answers, int fd, uint64_t now_ns)
{
	uint8_t frame[ANNOUNCE_FRAME_SIZE];
	struct sockaddr_ll from = {};
	struct path_answer answer;
	socklen_t size = sizeof(from);
	ssize_t length;

	while (fd >= 0 && (length = recvfrom(fd, frame, sizeof(frame), MSG_DONTWAIT,
					     (struct sockaddr *)&from, &size)) >= 0) {
		bool is_answer =
			size >= sizeof(from) && path_ask_read(frame, (size_t)length, &answer);

		size = sizeof(from);
		answer.ifindex = from.sll_ifindex;
		if (!is_answer || is_copy(answers, &answer, now_ns))
			continue;
		answers->kept[answers->count % PATH_ANSWERS_KEPT] = answer;
		answers->kept_ns[answers->count++ % PATH_ANSWERS_KEPT] = now_ns;
	}
}

void path_answers_read(struct path_answers *answers, uint64_t now_ns)
{
	read_socket(answers, answers->arp_fd, now_ns);
	read_socket(answers, answers->nd_fd, now_ns);
}

unsigned path_answers_since(const struct path_answers *answers, uint64_t mark,
			    const struct path_target *target)
{
	uint64_t first =
		answers->count > PATH_ANSWERS_KEPT ? answers->count - PATH_ANSWERS_KEPT : 0;
	unsigned found = 0;

	for (uint64_t i = mark > first ? mark : first; i < answers->count; i++)
		found += path_ask_is_answer(target, &answers->kept[i % PATH_ANSWERS_KEPT]);
	return found;
}
