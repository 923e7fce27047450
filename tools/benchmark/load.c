/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * load: TCP at full speed between two network namespaces of one machine, each end bound to a CPU of
 * its own.
 *
 *	load serve PORT CPU			the far end: one connection after the other
 *	load out ADDRESS PORT CPU MILLISECONDS	sends as much as it can: {"gbit_s": ...}
 *	load in ADDRESS PORT CPU MILLISECONDS	receives as much as it can: {"gbit_s": ...}
 *	load rr ADDRESS PORT CPU MILLISECONDS	a byte there and a byte back, again and again:
 *						{"p50_us": ..., "p99_us": ...}
 *
 * The far end serves until it is killed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CHUNK (256 << 10)
#define ROUND_TRIPS_MAX (1 << 20)

/* What the near end asks for, as its first bytes. */
struct order {
	char what; /* 'o', 'i' or 'r' */
	uint64_t duration_ns;
} __attribute__((packed));

/* What the far end reports in the end. */
struct told {
	uint64_t bytes, cpu_ns;
};

static char chunk[CHUNK];

static void fail(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + now.tv_nsec;
}

static uint64_t cpu_ns(void)
{
	struct timespec used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (uint64_t)used.tv_sec * 1000000000ull + used.tv_nsec;
}

static void bind_to_cpu(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		fail("sched_setaffinity");
}

static int tcp_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	if (fd < 0)
		fail("socket");
	/* As Debian has it: with bbr, timers and not the path would set the pace. */
	if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", strlen("cubic")))
		fail("cubic");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return fd;
}

static struct sockaddr_in address(const char *text, const char *port)
{
	struct sockaddr_in ret = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};

	if (text && inet_pton(AF_INET, text, &ret.sin_addr) != 1)
		fail(text);
	return ret;
}

static void send_for(int fd, uint64_t duration_ns)
{
	uint64_t end = clock_ns() + duration_ns;

	while (clock_ns() < end)
		if (send(fd, chunk, sizeof(chunk), MSG_NOSIGNAL) < 0)
			fail("send");
	shutdown(fd, SHUT_WR);
}

/* Until the sender's end; returns how many bytes came. */
static uint64_t receive_all(int fd)
{
	uint64_t bytes = 0;
	ssize_t length;

	while ((length = recv(fd, chunk, sizeof(chunk), 0)) > 0)
		bytes += length;
	return bytes;
}

static void echo(int fd)
{
	char byte;

	while (recv(fd, &byte, 1, 0) == 1 && send(fd, &byte, 1, MSG_NOSIGNAL) == 1)
		;
	shutdown(fd, SHUT_WR);
}

static void serve_one(int fd, int account)
{
	uint64_t before = cpu_ns();
	struct told told = {0};
	struct order order;

	if (recv(fd, &order, sizeof(order), MSG_WAITALL) != sizeof(order))
		return;
	if (order.what == 'o')
		told.bytes = receive_all(fd);
	else if (order.what == 'i')
		send_for(fd, order.duration_ns);
	else
		echo(fd);
	told.cpu_ns = cpu_ns() - before;
	send(account, &told, sizeof(told), MSG_NOSIGNAL);
}

/* Each time two connections: one that is measured, one for the account of it. */
static void serve(const char *port)
{
	struct sockaddr_in own = address(NULL, port);
	int listener = tcp_socket();

	if (bind(listener, (struct sockaddr *)&own, sizeof(own)) || listen(listener, 8))
		fail("listen");
	for (;;) {
		int fd = accept(listener, NULL, NULL), account = accept(listener, NULL, NULL);

		if (fd < 0 || account < 0)
			fail("accept");
		serve_one(fd, account);
		close(fd);
		close(account);
	}
}

static uint32_t took_ns[ROUND_TRIPS_MAX];

static int compare(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

/* Returns how many round trips there were. */
static size_t ask(int fd, uint64_t duration_ns)
{
	uint64_t now = clock_ns(), end = now + duration_ns;
	size_t count = 0;

	while (now < end && count < ROUND_TRIPS_MAX) {
		uint64_t before = now;
		char byte = 0;

		if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1 || recv(fd, &byte, 1, 0) != 1)
			fail("round trip");
		now = clock_ns();
		took_ns[count++] = now - before;
	}
	shutdown(fd, SHUT_WR);
	qsort(took_ns, count, sizeof(*took_ns), compare);
	return count;
}

static int connected(const char *to, const char *port)
{
	struct sockaddr_in peer = address(to, port);
	int fd = tcp_socket();

	if (connect(fd, (struct sockaddr *)&peer, sizeof(peer)))
		fail("connect");
	return fd;
}

static void load(const char *what, const char *to, const char *port, uint64_t duration_ns)
{
	int fd = connected(to, port), account = connected(to, port);
	struct order order = {.what = what[0], .duration_ns = duration_ns};
	uint64_t started = clock_ns(), cpu_before = cpu_ns(), took, cpu, bytes = 0;
	size_t round_trips = 0;
	struct told told;

	if (send(fd, &order, sizeof(order), MSG_NOSIGNAL) != sizeof(order))
		fail("send");
	if (order.what == 'r')
		round_trips = ask(fd, duration_ns);
	else if (order.what == 'i')
		bytes = receive_all(fd);
	else
		send_for(fd, duration_ns);
	cpu = cpu_ns() - cpu_before;
	if (recv(account, &told, sizeof(told), MSG_WAITALL) != sizeof(told))
		fail("account");
	took = clock_ns() - started;
	bytes += told.bytes;
	cpu += told.cpu_ns;
	if (order.what == 'r')
		printf("{\"p50_us\": %.2f, \"p99_us\": %.2f, \"cpu_us\": %.3f}\n",
		       took_ns[round_trips / 2] / 1e3, took_ns[round_trips * 99 / 100] / 1e3,
		       cpu / 1e3 / round_trips);
	else
		printf("{\"gbit_s\": %.3f, \"cpu_ns_per_kib\": %.3f}\n", bytes * 8.0 / took,
		       cpu * 1024.0 / bytes);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "serve") && argc == 4) {
		bind_to_cpu(atoi(argv[3]));
		serve(argv[2]);
	} else if ((!strcmp(what, "out") || !strcmp(what, "in") || !strcmp(what, "rr")) &&
		   argc == 6) {
		bind_to_cpu(atoi(argv[4]));
		load(what, argv[2], argv[3], strtoull(argv[5], NULL, 10) * 1000000ull);
	} else {
		return fprintf(stderr, "usage: load serve PORT CPU | out|in|rr ADDRESS PORT CPU "
				       "MILLISECONDS\n"),
		       2;
	}
	return 0;
}
