/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * packets: what a packet costs this machine, when its clock counts instructions (QEMU -icount shift=0: one per ns).
 *
 *	packets tx ADDRESS PORT COUNT SIZE RATE		sends UDP payloads of SIZE, RATE a second (0: one behind the other)
 *	packets rx PORT COUNT				receives as many, from any address
 *	packets tcp-tx ADDRESS PORT BYTES		sends a TCP stream
 *	packets tcp-rx PORT BYTES			accepts one connection and receives so much
 *
 * Prints one JSON object. Time that the CPU was idle is taken off: /proc/timer_list has it to the nanosecond. One CPU only.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WARM_UP 500 /* packets before the count: caches of routes and neighbours, and the first interrupts */
#define STREAM_CHUNK 65536

static void fail(const char *what)
{
	fprintf(stderr, "packets: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + now.tv_nsec;
}

static uint64_t idle_ns(void)
{
	FILE *file = fopen("/proc/timer_list", "r");
	char line[256];
	uint64_t idle = 0;

	if (!file)
		fail("/proc/timer_list");
	while (fgets(line, sizeof(line), file)) {
		unsigned long long ns;

		if (sscanf(line, " .idle_sleeptime : %llu nsecs", &ns) == 1)
			idle += ns;
	}
	fclose(file);
	return idle;
}

struct mark {
	uint64_t clock_ns, idle_ns;
};

static struct mark mark_now(void)
{
	return (struct mark){ .idle_ns = idle_ns(), .clock_ns = clock_ns() };
}

static void report(const char *what, uint64_t units, struct mark from)
{
	uint64_t clock = clock_ns() - from.clock_ns, idle = idle_ns() - from.idle_ns;

	printf("{\"what\": \"%s\", \"units\": %llu, \"clock_ns\": %llu, \"idle_ns\": %llu, \"busy_ns_per_unit\": %.1f}\n", what,
	       (unsigned long long)units, (unsigned long long)clock, (unsigned long long)idle,
	       (double)(clock - idle) / units);
}

static struct sockaddr_in address(const char *text, const char *port)
{
	struct sockaddr_in ret = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };

	if (text && inet_pton(AF_INET, text, &ret.sin_addr) != 1)
		fail(text);
	return ret;
}

static int udp_socket(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), size = 16 << 20;

	if (fd < 0)
		fail("socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	return fd;
}

static void udp_tx(const char *to, const char *port, uint64_t count, size_t size, unsigned rate)
{
	static char payload[65536];
	struct sockaddr_in peer = address(to, port);
	struct mark from = { 0 };
	int fd = udp_socket();
	struct timespec next;

	if (connect(fd, (struct sockaddr *)&peer, sizeof(peer)))
		fail("connect");
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (uint64_t i = 0; i < count + WARM_UP; i++) {
		if (i == WARM_UP)
			from = mark_now();
		if (rate) {
			next.tv_nsec += 1000000000L / rate;
			if (next.tv_nsec >= 1000000000L) {
				next.tv_nsec -= 1000000000L;
				next.tv_sec++;
			}
			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
		}
		while (send(fd, payload, size, 0) < 0 && errno == ENOBUFS)
			;
	}
	report("tx", count, from);
}

static void udp_rx(const char *port, uint64_t count)
{
	static char payload[65536];
	struct sockaddr_in own = address(NULL, port);
	struct mark from = { 0 };
	int fd = udp_socket();

	if (bind(fd, (struct sockaddr *)&own, sizeof(own)))
		fail("bind");
	fprintf(stderr, "receiving\n");
	for (uint64_t i = 0; i < count + WARM_UP; i++) {
		if (i == WARM_UP)
			from = mark_now();
		if (recv(fd, payload, sizeof(payload), 0) < 0)
			fail("recv");
	}
	report("rx", count, from);
}

static void tcp_tx(const char *to, const char *port, uint64_t bytes)
{
	static char chunk[STREAM_CHUNK];
	struct sockaddr_in peer = address(to, port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct mark from = { 0 };
	uint64_t warm_up = bytes / 10, sent = 0;

	if (fd < 0 || connect(fd, (struct sockaddr *)&peer, sizeof(peer)))
		fail("connect");
	while (sent < bytes + warm_up) {
		ssize_t length = send(fd, chunk, sizeof(chunk), MSG_NOSIGNAL);

		if (length < 0)
			fail("send");
		if (sent < warm_up && sent + length >= warm_up)
			from = mark_now();
		sent += length;
	}
	report("tcp-tx", (sent - warm_up) / 1448, from);
}

static void tcp_rx(const char *port, uint64_t bytes)
{
	static char chunk[STREAM_CHUNK];
	struct sockaddr_in own = address(NULL, port);
	int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1, fd;
	struct mark from = { 0 };
	uint64_t warm_up = bytes / 10, received = 0;

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, (struct sockaddr *)&own, sizeof(own)) || listen(listener, 1))
		fail("listen");
	fprintf(stderr, "receiving\n");
	fd = accept(listener, NULL, NULL);
	if (fd < 0)
		fail("accept");
	while (received < bytes + warm_up) {
		ssize_t length = recv(fd, chunk, sizeof(chunk), 0);

		if (length <= 0)
			fail("recv");
		if (received < warm_up && received + length >= warm_up)
			from = mark_now();
		received += length;
	}
	report("tcp-rx", (received - warm_up) / 1448, from);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "tx") && argc == 7)
		udp_tx(argv[2], argv[3], strtoull(argv[4], NULL, 10), strtoul(argv[5], NULL, 10), atoi(argv[6]));
	else if (!strcmp(what, "rx") && argc == 4)
		udp_rx(argv[2], strtoull(argv[3], NULL, 10));
	else if (!strcmp(what, "tcp-tx") && argc == 5)
		tcp_tx(argv[2], argv[3], strtoull(argv[4], NULL, 10));
	else if (!strcmp(what, "tcp-rx") && argc == 4)
		tcp_rx(argv[2], strtoull(argv[3], NULL, 10));
	else
		return fprintf(stderr, "usage: packets tx ADDRESS PORT COUNT SIZE RATE | rx PORT COUNT | tcp-tx ADDRESS PORT BYTES | tcp-rx PORT BYTES\n"), 2;
	return 0;
}
