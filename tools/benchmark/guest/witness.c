// SPDX-License-Identifier: GPL-2.0-only
/*
 * witness: notes where the questions and answers of a migration pass, on every device of a network
 * namespace.
 *
 *	witness UDP-PORT REPORT
 *
 * Until SIGTERM. REPORT has a line for each datagram of that port on each device: CLOCK_REALTIME in
 * ns, the device, '>' for one that the device sends and '<' for one that it receives, 'q' or 'a'
 * (question, answer: the one that comes from the port), and the question's number; at the end
 * "dropped COUNT", of those that found no room here.
 *
 * A question or an answer that is lost was last seen somewhere. That place, not the guest, has lost
 * it if the guest had nothing to do with the next one.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define DEVICES_MAX 64
#define SNAP 64
#define PAUSE_NS 20000000L
#define BUFFER_BYTES (32 << 20)
/* In a frame of IPv4 without options, which the asker's and the responder's are. */
#define IP_PROTOCOL 23
#define UDP_SOURCE 34
#define UDP_TARGET 36
#define NUMBER 46 /* behind struct answer's magic */

struct sight {
	uint64_t unix_ns;
	uint32_t number;
	uint16_t ifindex;
	uint8_t is_sent, is_answer;
};

static struct sight *sights;
static size_t count, room;
static volatile sig_atomic_t stopping;

static void die(const char *what)
{
	fprintf(stderr, "witness: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void stop(int signal)
{
	(void)signal;
	stopping = 1;
}

static int packets_open(uint16_t port)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 7),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, IP_PROTOCOL),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 5),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, UDP_SOURCE),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 2, 0),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, UDP_TARGET),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SNAP),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };
	struct sockaddr_ll all = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int size = BUFFER_BYTES, one = 1,
	    fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one)) ||
	    bind(fd, (struct sockaddr *)&all, sizeof(all)))
		die("packet socket");
	return fd;
}

static uint64_t time_of(struct msghdr *message)
{
	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part;
	     part = CMSG_NXTHDR(message, part)) {
		struct timespec at;

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&at, CMSG_DATA(part), sizeof(at));
		return at.tv_sec * 1000000000ull + at.tv_nsec;
	}
	return 0;
}

static void note(const uint8_t *frame, const struct sockaddr_ll *from, uint64_t unix_ns,
		 uint16_t port)
{
	struct sight *grown;
	uint32_t number;
	uint16_t source;

	if (count == room) {
		room = room ? 2 * room : 65536;
		grown = realloc(sights, room * sizeof(*sights));
		if (!grown)
			die("memory");
		sights = grown;
	}
	memcpy(&source, frame + UDP_SOURCE, sizeof(source));
	memcpy(&number, frame + NUMBER, sizeof(number));
	sights[count++] =
		(struct sight){ unix_ns, ntohl(number), from->sll_ifindex,
				from->sll_pkttype == PACKET_OUTGOING, ntohs(source) == port };
}

static void packets_take(int fd, uint16_t port)
{
	static uint8_t frames[BATCH][SNAP];
	static char controls[BATCH][64];
	struct sockaddr_ll from[BATCH];
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH];
	int taken;

	do {
		for (int i = 0; i < BATCH; i++) {
			parts[i] = (struct iovec){ frames[i], SNAP };
			messages[i] = (struct mmsghdr){ .msg_hdr = { .msg_name = &from[i],
								     .msg_namelen = sizeof(from[i]),
								     .msg_iov = &parts[i],
								     .msg_iovlen = 1,
								     .msg_control = controls[i],
								     .msg_controllen = sizeof(
									     controls[i]) } };
		}
		taken = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < taken; i++)
			if (messages[i].msg_len >= NUMBER + 4)
				note(frames[i], &from[i], time_of(&messages[i].msg_hdr), port);
	} while (taken == BATCH);
}

/* Its number, of one that has gone. */
static const char *device_name(unsigned ifindex)
{
	static char names[DEVICES_MAX][IF_NAMESIZE], other[IF_NAMESIZE];
	char *name = ifindex < DEVICES_MAX ? names[ifindex] : other;

	if ((name == other || !*name) && !if_indextoname(ifindex, name))
		snprintf(name, IF_NAMESIZE, "%u", ifindex);
	return name;
}

static void report_write(const char *path, int fd)
{
	struct tpacket_stats stats = { 0 };
	socklen_t size = sizeof(stats);
	FILE *report = fopen(path, "w");

	if (!report)
		die(path);
	for (size_t i = 0; i < count; i++) {
		const struct sight *one = &sights[i];

		fprintf(report, "%llu %s %c %c %u\n", (unsigned long long)one->unix_ns,
			device_name(one->ifindex), one->is_sent ? '>' : '<',
			one->is_answer ? 'a' : 'q', one->number);
	}
	getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size);
	fprintf(report, "dropped %u\n", stats.tp_drops);
	if (fclose(report))
		die(path);
}

int main(int argc, char **argv)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	uint16_t port = argc == 3 ? atoi(argv[1]) : 0;
	int fd;

	if (!port) {
		fprintf(stderr, "usage: witness UDP-PORT REPORT\n");
		return 2;
	}
	signal(SIGTERM, stop);
	signal(SIGINT, stop);
	fd = packets_open(port);
	printf("watching\n");
	fflush(stdout);
	while (!stopping) {
		nanosleep(&pause, NULL);
		packets_take(fd, port);
	}
	packets_take(fd, port);
	report_write(argv[2], fd);
	return 0;
}
