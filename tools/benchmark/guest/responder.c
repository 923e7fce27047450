// SPDX-License-Identifier: GPL-2.0-only
/*
 * responder: the guest's side of a migration's traffic. It echoes, and says with each answer what
 * it has seen so far.
 *
 *	responder [UDP-AND-TCP-PORT]
 *
 * UDP: each request comes back as an answer (struct answer, network order). TCP: what comes goes
 * back, byte by byte.
 *
 * The VF's own counters travel with the answers because they are the only witness of the wire a
 * packet took: the host cannot see the traffic of a VF that it has given away, and the far end sees
 * one MAC behind one cable either way. So does what TCP here says of the stream with the most
 * bytes: why it stood still only its sender knows.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MAGIC 0x76666d67u
#define SAMPLE_MS 40
#define BLOCK_SIZE 65536
#define EVENTS_MAX 64
/* before the streams have their turn: a guest that is behind always has another question */
#define ANSWERS_MAX 16

/* The first 16 bytes are the request's; the rest is filled in here. */
struct answer {
	uint32_t magic;
	uint32_t seq;
	uint64_t sent_ns;      /* the client's clock */
	/* how many have come, this one counted: separates a lost request from a lost answer */
	uint32_t requests;
	uint32_t vf_ifindex;   /* 0: there is none */
	uint32_t vf_rx, vf_tx; /* packets */
	uint64_t guest_ns;     /* CLOCK_MONOTONIC */
	uint32_t tcp_backoff;  /* of the retransmission timer, doublings */
	uint32_t tcp_rto_us;
	uint32_t tcp_retransmitted; /* segments */
	uint32_t tcp_needless;	    /* of these, what the far end had already */
};
_Static_assert(sizeof(struct answer) == 56, "the client knows this layout");

struct stream {
	int fd;
	uint64_t bytes;
	size_t start, end;
	char block[BLOCK_SIZE];
};

static struct {
	_Atomic uint32_t ifindex, rx, tx;
} vf;

/* The stream with the most bytes; fd 0 while there is none. */
static struct {
	_Atomic int fd;
	_Atomic uint32_t backoff, rto_us, retransmitted, needless;
	uint64_t bytes;
} bulk;

static void die(const char *what)
{
	fprintf(stderr, "responder: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int number_open(const char *netdev, const char *file)
{
	char path[512];

	snprintf(path, sizeof(path), "/sys/class/net/%s/%s", netdev, file);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Negative when the device has gone. */
static long number_read(int fd)
{
	char text[32];
	ssize_t size = pread(fd, text, sizeof(text) - 1, 0);

	if (size <= 0)
		return -1;
	text[size] = 0;
	return atol(text);
}

static void bulk_sample(void)
{
	struct tcp_info info = {};
	socklen_t size = sizeof(info);

	if (!bulk.fd || getsockopt(bulk.fd, IPPROTO_TCP, TCP_INFO, &info, &size))
		return;
	bulk.backoff = info.tcpi_backoff;
	bulk.rto_us = info.tcpi_rto;
	bulk.retransmitted = info.tcpi_total_retrans;
	bulk.needless = info.tcpi_dsack_dups;
}

/* The VF is the netdev right on a PCI device; virtio's is on a virtio device. */
static int vf_find(char *name, size_t size)
{
	DIR *all = opendir("/sys/class/net");
	struct dirent *entry;
	int found = 0;

	while (all && !found && (entry = readdir(all))) {
		char path[512], target[512];
		ssize_t length;

		snprintf(path, sizeof(path), "/sys/class/net/%s/device/driver", entry->d_name);
		length = readlink(path, target, sizeof(target) - 1);
		if (length <= 0)
			continue;
		target[length] = 0;
		found = !strstr(target, "/virtio") && snprintf(name, size, "%s", entry->d_name) > 0;
	}
	if (all)
		closedir(all);
	return found;
}

/*
 * In a thread of its own: sysfs may make it wait while a device is being removed, which must not
 * delay an answer. The files stay open while the VF is there: to look for it each time would cost
 * an emulated guest more than its traffic.
 */
static void *vf_sample(void *unused)
{
	struct timespec pause = {.tv_nsec = SAMPLE_MS * 1000000L};
	char name[64];

	for (;; nanosleep(&pause, NULL)) {
		int files[3];
		long index, rx, tx;

		bulk_sample();
		if (!vf_find(name, sizeof(name)))
			continue;
		files[0] = number_open(name, "ifindex");
		files[1] = number_open(name, "statistics/rx_packets");
		files[2] = number_open(name, "statistics/tx_packets");
		for (;; nanosleep(&pause, NULL)) {
			bulk_sample();
			index = number_read(files[0]);
			rx = number_read(files[1]);
			tx = number_read(files[2]);
			if (index < 0 || rx < 0 || tx < 0)
				break;
			vf.rx = rx;
			vf.tx = tx;
			vf.ifindex = index;
		}
		vf.ifindex = 0;
		for (int i = 0; i < 3; i++)
			if (files[i] >= 0)
				close(files[i]);
	}
	return unused;
}

static int socket_bind(int type, uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1, size = 8 << 20;

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	/*
	 * A guest that stands still for a while must lose neither what had already reached it nor
	 * its answers to that.
	 */
	if (type == SOCK_DGRAM) {
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
		setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	}
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    (type == SOCK_STREAM && listen(fd, 256)))
		die("bind");
	return fd;
}

static void requests_answer(int fd)
{
	static uint32_t requests;
	struct sockaddr_in from;
	struct answer answer;

	for (int i = 0; i < ANSWERS_MAX; i++) {
		socklen_t from_size = sizeof(from);
		ssize_t size = recvfrom(fd, &answer, sizeof(answer), 0, (struct sockaddr *)&from,
					&from_size);
		struct timespec now;

		if (size < 0)
			return;
		if (size != sizeof(answer) || answer.magic != htonl(ANSWER_MAGIC))
			continue;
		clock_gettime(CLOCK_MONOTONIC, &now);
		answer.requests = htonl(++requests);
		answer.vf_ifindex = htonl(vf.ifindex);
		answer.vf_rx = htonl(vf.rx);
		answer.vf_tx = htonl(vf.tx);
		answer.tcp_backoff = htonl(bulk.backoff);
		answer.tcp_rto_us = htonl(bulk.rto_us);
		answer.tcp_retransmitted = htonl(bulk.retransmitted);
		answer.tcp_needless = htonl(bulk.needless);
		answer.guest_ns = htobe64(now.tv_sec * 1000000000ull + now.tv_nsec);
		/* No second try: an answer that cannot be sent is a lost one. */
		(void)!sendto(fd, &answer, sizeof(answer), 0, (struct sockaddr *)&from, from_size);
	}
}

static void stream_watch(int epoll, struct stream *stream, int operation)
{
	struct epoll_event event = { .events = stream->start < stream->end ? EPOLLOUT : EPOLLIN,
				     .data.ptr = stream };

	if (epoll_ctl(epoll, operation, stream->fd, &event))
		die("epoll_ctl");
}

/*
 * Echoes until the socket has nothing more to give or takes nothing more; returns false when the
 * stream has ended.
 */
static int stream_echo(struct stream *stream)
{
	for (;;) {
		ssize_t size;

		if (stream->start == stream->end) {
			size = read(stream->fd, stream->block, sizeof(stream->block));
			if (size <= 0)
				return size < 0 && errno == EAGAIN;
			stream->start = 0;
			stream->end = size;
			stream->bytes += size;
			if (stream->bytes > bulk.bytes) {
				bulk.bytes = stream->bytes;
				bulk.fd = stream->fd;
			}
		}
		size = send(stream->fd, stream->block + stream->start, stream->end - stream->start,
			    MSG_NOSIGNAL);
		if (size < 0)
			return errno == EAGAIN;
		stream->start += size;
	}
}

static void stream_accept(int epoll, int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct stream *stream = calloc(1, sizeof(*stream));

		if (!stream)
			die("memory");
		stream->fd = fd;
		stream_watch(epoll, stream, EPOLL_CTL_ADD);
	}
}

int main(int argc, char **argv)
{
	uint16_t port = argc > 1 ? atoi(argv[1]) : 7070;
	struct stream udp = { .fd = socket_bind(SOCK_DGRAM, port) },
		      tcp = { .fd = socket_bind(SOCK_STREAM, port) };
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event events[EVENTS_MAX];
	pthread_t sampler;

	signal(SIGPIPE, SIG_IGN);
	if (epoll < 0 || pthread_create(&sampler, NULL, vf_sample, NULL))
		die("start");
	stream_watch(epoll, &udp, EPOLL_CTL_ADD);
	stream_watch(epoll, &tcp, EPOLL_CTL_ADD);
	printf("listening\n");
	fflush(stdout);
	for (;;) {
		int count = epoll_wait(epoll, events, EVENTS_MAX, -1);

		for (int i = 0; i < count; i++) {
			struct stream *stream = events[i].data.ptr;

			if (stream == &udp) {
				requests_answer(udp.fd);
			} else if (stream == &tcp) {
				stream_accept(epoll, tcp.fd);
			} else if (stream_echo(stream)) {
				stream_watch(epoll, stream, EPOLL_CTL_MOD);
			} else {
				close(stream->fd);
				free(stream);
			}
		}
	}
}
