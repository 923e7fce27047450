/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * packets: what a packet costs this machine, when its clock counts instructions (QEMU -icount
 * shift=0: one per ns).
 *
 *	packets tx ADDRESS PORT SIZE RATE BATCHES BATCH		sends UDP payloads of SIZE, RATE a
 *								second (0: one behind the other)
 *	packets rx PORT BATCHES BATCH				receives as many, from any address
 *	packets tcp-tx ADDRESS PORT SIZE RATE BATCHES BATCH	sends pieces of SIZE over one TCP
 *								connection
 *	packets tcp-rx PORT SIZE BATCHES BATCH			accepts one connection and receives
 *								pieces
 *
 * Prints one JSON object. Time that the CPU was idle is taken off: /proc/timer_list has it to the
 * nanosecond. One CPU only.
 *
 * The kernel has work of its own, in few and short moments of a second, and more of it the longer
 * the pauses are. And the machine below may be late with what ends a pause. Hence BATCHES of BATCH
 * packets (or pieces) each: of the quarter of them that took the least time, the median counts. The
 * mean of all is printed too.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/*
 * Batches before the count: caches of routes and neighbours, the congestion window, the first
 * interrupts.
 */
#define WARM_UP 20
#define BATCHES_MAX 10000
#define PAYLOAD_MAX (1 << 20)
#define TCP_BUFFER (4 << 20) /* neither end may ever wait for room */

static char payload[PAYLOAD_MAX];

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

/*
 * The file stays open: what the kernel has to tidy up after each opening would be counted with the
 * next packet.
 */
static uint64_t idle_ns(void)
{
	static const char key[] = ".idle_sleeptime :";
	static char text[65536];
	static int fd = -1;
	ssize_t length, many = 0;
	uint64_t idle = 0;

	if (fd < 0)
		fd = open("/proc/timer_list", O_RDONLY);
	while ((length = pread(fd, text + many, sizeof(text) - 1 - many, many)) > 0)
		many += length;
	if (length < 0)
		fail("/proc/timer_list");
	text[many] = 0;
	for (const char *found = text; (found = strstr(found, key)); found += sizeof(key))
		idle += strtoull(found + sizeof(key) - 1, NULL, 10);
	return idle;
}

/*
 * The end of one batch and the beginning of the next; what the looking itself takes belongs to
 * neither.
 */
struct mark {
	uint64_t end_ns, idle_ns, begin_ns;
};

static struct mark mark_now(void)
{
	struct mark mark;

	mark.end_ns = clock_ns();
	mark.idle_ns = idle_ns();
	mark.begin_ns = clock_ns();
	return mark;
}

struct taken {
	uint64_t elapsed_ns, busy_ns;
};

/* A measurement under way: counted() after each packet. */
struct count {
	unsigned batches, batch, batches_done, batch_done;
	struct mark from;
	struct taken taken[BATCHES_MAX];
};

static struct count *count_new(uint64_t batches, uint64_t batch)
{
	struct count *count = calloc(1, sizeof(*count));

	if (!count || !batch || !batches || batches + WARM_UP > BATCHES_MAX) {
		errno = count ? ERANGE : errno;
		fail("batches");
	}
	count->batches = batches + WARM_UP;
	count->batch = batch;
	return count;
}

/* Whether another one is wanted. */
static bool counted(struct count *count)
{
	struct mark now;

	if (++count->batch_done < count->batch)
		return true;
	count->batch_done = 0;
	now = mark_now();
	if (count->batches_done >= WARM_UP) {
		struct taken *taken = &count->taken[count->batches_done - WARM_UP];

		taken->elapsed_ns = now.end_ns - count->from.begin_ns;
		taken->busy_ns = taken->elapsed_ns - (now.idle_ns - count->from.idle_ns);
	}
	count->from = now;
	return ++count->batches_done < count->batches;
}

static int compare_elapsed(const void *a, const void *b)
{
	const struct taken *left = a, *right = b;

	return (left->elapsed_ns > right->elapsed_ns) - (left->elapsed_ns < right->elapsed_ns);
}

static int compare_busy(const void *a, const void *b)
{
	const struct taken *left = a, *right = b;

	return (left->busy_ns > right->busy_ns) - (left->busy_ns < right->busy_ns);
}

static void report(const char *what, struct count *count)
{
	unsigned batches = count->batches - WARM_UP, quick = (batches + 3) / 4;
	uint64_t all = 0, limit;

	for (unsigned i = 0; i < batches; i++)
		all += count->taken[i].busy_ns;
	qsort(count->taken, batches, sizeof(*count->taken), compare_elapsed);
	limit = count->taken[quick - 1].elapsed_ns;
	qsort(count->taken, quick, sizeof(*count->taken), compare_busy);
	printf("{\"what\": \"%s\", \"batches\": %u, \"batch\": %u, \"quick_us\": %.1f, \"median\": "
	       "%.1f, \"mean\": "
	       "%.1f}\n",
	       what, batches, count->batch, limit / 1e3,
	       (double)count->taken[quick / 2].busy_ns / count->batch,
	       (double)all / batches / count->batch);
	free(count);
}

static struct sockaddr_in address(const char *text, const char *port)
{
	struct sockaddr_in ret = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};

	if (text && inet_pton(AF_INET, text, &ret.sin_addr) != 1)
		fail(text);
	return ret;
}

/*
 * The next tick of an even pace, or the first after now: what is late is not made up for. Rate 0:
 * none.
 */
static void pace(uint64_t *next_ns, uint64_t rate)
{
	uint64_t now = clock_ns();
	struct timespec next;

	if (!rate)
		return;
	*next_ns += 1000000000ull / rate;
	if (*next_ns < now)
		*next_ns = now + 1000000000ull / rate;
	next = (struct timespec){ .tv_sec = *next_ns / 1000000000ull,
				  .tv_nsec = *next_ns % 1000000000ull };
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
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

/*
 * Reno paces itself by nothing but what comes back; what holds packets until their time has come
 * would depend on the machine's load.
 */
static int tcp_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1, size = TCP_BUFFER;

	if (fd < 0)
		fail("socket");
	if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", strlen("reno")))
		fail("reno");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	return fd;
}

static void tx(const char *what, int fd, struct sockaddr_in peer, uint64_t size, uint64_t rate,
	       struct count *count)
{
	uint64_t next_ns;

	if (connect(fd, (struct sockaddr *)&peer, sizeof(peer)))
		fail("connect");
	next_ns = clock_ns();
	do {
		ssize_t sent;

		pace(&next_ns, rate);
		do
			sent = send(fd, payload, size, MSG_NOSIGNAL);
		while (sent < 0 && errno == ENOBUFS);
		if (sent != (ssize_t)size)
			fail("send");
	} while (counted(count));
	report(what, count);
}

static void udp_rx(const char *port, struct count *count)
{
	struct sockaddr_in own = address(NULL, port);
	int fd = udp_socket();

	if (bind(fd, (struct sockaddr *)&own, sizeof(own)))
		fail("bind");
	fprintf(stderr, "receiving\n");
	do {
		if (recv(fd, payload, sizeof(payload), 0) < 0)
			fail("recv");
	} while (counted(count));
	report("rx", count);
}

static void tcp_rx(const char *port, uint64_t size, struct count *count)
{
	struct sockaddr_in own = address(NULL, port);
	int listener = tcp_socket(), fd;
	uint64_t received;

	if (bind(listener, (struct sockaddr *)&own, sizeof(own)) || listen(listener, 1))
		fail("listen");
	fprintf(stderr, "receiving\n");
	fd = accept(listener, NULL, NULL);
	if (fd < 0)
		fail("accept");
	do {
		for (received = 0; received < size;) {
			ssize_t length = recv(fd, payload, size - received, 0);

			if (length <= 0)
				fail("recv");
			received += length;
		}
	} while (counted(count));
	report("tcp-rx", count);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	bool tcp = !strncmp(what, "tcp-", 4);
	const char *way = tcp ? what + 4 : what;
	uint64_t numbers[8] = {0};

	for (int i = 2; i < argc && i < 8; i++)
		numbers[i] = strtoull(argv[i], NULL, 10);
	if (!strcmp(way, "tx") && argc == 8 && numbers[4] <= sizeof(payload))
		tx(what, tcp ? tcp_socket() : udp_socket(), address(argv[2], argv[3]), numbers[4],
		   numbers[5], count_new(numbers[6], numbers[7]));
	else if (!strcmp(what, "rx") && argc == 5)
		udp_rx(argv[2], count_new(numbers[3], numbers[4]));
	else if (!strcmp(what, "tcp-rx") && argc == 6 && numbers[3] <= sizeof(payload))
		tcp_rx(argv[2], numbers[3], count_new(numbers[4], numbers[5]));
	else
		return fprintf(stderr, "usage: packets [tcp-]tx ADDRESS PORT SIZE RATE BATCHES "
				       "BATCH | rx PORT BATCHES BATCH | "
				       "tcp-rx PORT SIZE BATCHES BATCH\n"),
		       2;
	return 0;
}
