// SPDX-License-Identifier: GPL-2.0-only
/*
 * flow: numbered UDP datagrams at an even pace, and an account of what became of them.
 *
 *	flow send --to ADDR --port P [--rate PPS] [--count N | --seconds S] ...
 *	flow receive --port P [--until-idle MS] [--report FILE] ...
 *	flow clock	the time here: CLOCK_REALTIME and CLOCK_MONOTONIC in ns
 *
 * Both ends report as JSON. SIGTERM ends either in good order: the sender then says how many it has
 * sent, which is what a tail that never arrives is counted against.
 */
#define _GNU_SOURCE
#include "flow_tally.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <net/if.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ERRORS_MAX 32
/* What is measured is the path: the receiver's socket must not be where a datagram is lost. */
#define RECEIVE_BUFFER_BYTES (16 << 20)
/*
 * Nor may the sender overrun the queue of the device below, 1,000 packets as a rule, when that
 * stands still and it catches up: it waits instead, which its longest pause shows. The kernel
 * doubles this, and counts some 768 bytes for a small datagram.
 */
#define SEND_BUFFER_BYTES (192 << 10)

struct options {
	const char *to, *port, *bind, *group, *interface, *report;
	double rate, seconds;
	uint64_t count, expect;
	unsigned int size, burst, idle_ms, gap_ms;
};

static volatile sig_atomic_t stopped;

static void stop(int signal_number)
{
	(void)signal_number;
	stopped = 1;
}

static uint64_t now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static FILE *report_open(const struct options *options)
{
	FILE *out = options->report ? fopen(options->report, "w") : stdout;

	if (!out)
		die(options->report);
	return out;
}

static struct addrinfo *address_find(const char *host, const char *port, int flags)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM,
				  .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | flags },
			*found;
	int error = getaddrinfo(host, port, &hints, &found);

	if (error) {
		fprintf(stderr, "flow: %s: %s\n", host ? host : port, gai_strerror(error));
		exit(1);
	}
	return found;
}

static int socket_open(const struct addrinfo *address, int buffer_option, int buffer_force,
		       int size)
{
	int fd = socket(address->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	if (setsockopt(fd, SOL_SOCKET, buffer_force, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, buffer_option, &size, sizeof(size));
	return fd;
}

static unsigned int interface_index(const char *name)
{
	unsigned int index = name ? if_nametoindex(name) : 0;

	if (name && !index)
		die(name);
	return index;
}

/* Errors by number, so that a report can name them without a line for each. */
static struct {
	int number;
	uint64_t count, first_seq, last_seq;
} errors[ERRORS_MAX];

static void error_note(int number, uint64_t seq)
{
	int i = 0;

	while (i < ERRORS_MAX - 1 && errors[i].count && errors[i].number != number)
		i++;
	if (!errors[i].count++)
		errors[i].first_seq = seq;
	errors[i].number = number;
	errors[i].last_seq = seq;
}

static int flow_send(const struct options *options)
{
	struct addrinfo *to = address_find(options->to, options->port, 0);
	int fd = socket_open(to, SO_SNDBUF, SO_SNDBUFFORCE, SEND_BUFFER_BYTES), one = 1;
	unsigned int index = interface_index(options->interface);
	struct ip_mreqn via = { .imr_ifindex = (int)index };
	uint64_t limit =
		options->count ? options->count : (uint64_t)(options->seconds * options->rate);
	uint64_t interval_ns = (uint64_t)(NS_PER_S / options->rate), seq = 0, start_ns, last_ns,
		 pause_ns = 0, pause_seq = 0;
	uint64_t start_unix_ns = now_ns(CLOCK_REALTIME), failed = 0;
	struct datagram *datagram = calloc(1, options->size);
	FILE *out = report_open(options);

	if (!datagram)
		die("memory");
	if (options->bind) {
		struct addrinfo *from = address_find(options->bind, "0", AI_PASSIVE);

		if (bind(fd, from->ai_addr, from->ai_addrlen))
			die(options->bind);
	}
	setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one));
	if (index) {
		/* Also where there is no route, as for 255.255.255.255. */
		setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, options->interface,
			   strlen(options->interface));
		setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &via, sizeof(via));
		setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof(index));
	}
	datagram->magic = FLOW_MAGIC;
	datagram->flow = (uint32_t)getpid();
	start_ns = last_ns = now_ns(CLOCK_MONOTONIC);
	while (!stopped && (!limit || seq < limit)) {
		uint64_t now = now_ns(CLOCK_MONOTONIC);
		uint64_t due = (now - start_ns) / interval_ns + 1;
		uint64_t next_ns = start_ns + seq * interval_ns;
		struct timespec next;

		/*
		 * Behind after a stall: a few per tick until the plan is reached again, every
		 * number in its turn.
		 */
		for (unsigned int sent = 0;
		     seq < due && sent < options->burst && (!limit || seq < limit); sent++) {
			datagram->seq = seq;
			datagram->sent_ns = now_ns(CLOCK_MONOTONIC);
			if (datagram->sent_ns - last_ns > pause_ns) {
				pause_ns = datagram->sent_ns - last_ns;
				pause_seq = seq;
			}
			last_ns = datagram->sent_ns;
			if (sendto(fd, datagram, options->size, 0, to->ai_addr, to->ai_addrlen) <
			    0) {
				if (errno == EINTR)
					break;
				error_note(errno, seq);
				failed++;
			}
			seq++;
			next_ns = start_ns + seq * interval_ns;
		}
		if (next_ns < now)
			next_ns = now + interval_ns;
		next = (struct timespec){ .tv_sec = next_ns / NS_PER_S,
					  .tv_nsec = next_ns % NS_PER_S };
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	fprintf(out,
		"{\"sent\": %llu, \"failed\": %llu, \"seconds\": %.3f, \"start_unix_ns\": %llu, "
		"\"start_ns\": %llu, ",
		(unsigned long long)seq, (unsigned long long)failed,
		(now_ns(CLOCK_MONOTONIC) - start_ns) / 1e9, (unsigned long long)start_unix_ns,
		(unsigned long long)start_ns);
	/*
	 * The sender's own longest pause: a gap at the other end that is no longer than this is not
	 * the network's.
	 */
	fprintf(out, "\"longest_pause_ms\": %.3f, \"longest_pause_seq\": %llu, \"errors\": [",
		pause_ns / 1e6, (unsigned long long)pause_seq);
	for (int i = 0; i < ERRORS_MAX && errors[i].count; i++)
		fprintf(out,
			"%s{\"error\": \"%s\", \"count\": %llu, \"first_seq\": %llu, \"last_seq\": "
			"%llu}",
			i ? ", " : "", strerrorname_np(errors[i].number),
			(unsigned long long)errors[i].count,
			(unsigned long long)errors[i].first_seq,
			(unsigned long long)errors[i].last_seq);
	fprintf(out, "]}\n");
	return fclose(out) ? 1 : 0;
}

static void group_join(int fd, const char *group, unsigned int index)
{
	struct addrinfo *address = address_find(group, "0", 0);
	struct group_req request = { .gr_interface = index };

	memcpy(&request.gr_group, address->ai_addr, address->ai_addrlen);
	if (setsockopt(fd, address->ai_family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP,
		       MCAST_JOIN_GROUP, &request, sizeof(request)))
		die(group);
}

/*
 * The kernel's own time of arrival, so that a busy CPU between there and here is not taken for a
 * gap.
 */
static uint64_t arrival_ns(struct msghdr *message)
{
	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part;
	     part = CMSG_NXTHDR(message, part)) {
		struct timespec stamp;

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&stamp, CMSG_DATA(part), sizeof(stamp));
		return stamp.tv_sec * NS_PER_S + stamp.tv_nsec;
	}
	return now_ns(CLOCK_REALTIME);
}

static int flow_receive(const struct options *options)
{
	const char *any = options->group && !strchr(options->group, ':') ? "0.0.0.0" : "::";
	struct addrinfo *at =
		address_find(options->bind ? options->bind : any, options->port, AI_PASSIVE);
	int fd = socket_open(at, SO_RCVBUF, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES), one = 1,
	    zero = 0;
	uint64_t deadline_ns =
		options->seconds > 0 ? now_ns(CLOCK_MONOTONIC) + (uint64_t)(options->seconds * 1e9)
				     : 0;
	struct tally tally = { 0 };
	union {
		struct datagram head;
		char room[65536];
	} data;
	char control[256];
	FILE *out;

	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one));
	if (bind(fd, at->ai_addr, at->ai_addrlen))
		die("bind");
	if (options->group)
		group_join(fd, options->group, interface_index(options->interface));
	fprintf(stderr, "receiving\n");

	for (;;) {
		int ending = stopped || (deadline_ns && now_ns(CLOCK_MONOTONIC) >= deadline_ns);
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		struct iovec room = { .iov_base = &data, .iov_len = sizeof(data) };
		struct msghdr message = { .msg_iov = &room, .msg_iovlen = 1, .msg_control = control,
					  .msg_controllen = sizeof(control) };
		/* Asked to end, it still takes what lies in the socket: that has arrived. */
		int timeout_ms = ending				      ? 0
				 : options->idle_ms && tally.received ? (int)options->idle_ms
								      : 200;
		int ready = poll(&wait, 1, timeout_ms);
		ssize_t size;

		if (ready == 0 && (ending || (options->idle_ms && tally.received)))
			break;
		if (ready <= 0)
			continue;
		size = recvmsg(fd, &message, MSG_DONTWAIT);
		if (size < (ssize_t)sizeof(struct datagram) || data.head.magic != FLOW_MAGIC ||
		    data.head.seq >> 32) {
			tally.foreign += size >= 0;
			continue;
		}
		tally_add(&tally, &data.head, arrival_ns(&message), options->gap_ms * 1000000ull);
	}
	out = report_open(options);
	tally_report(&tally, options->expect, out);
	return fclose(out) ? 1 : 0;
}

static int usage(void)
{
	fprintf(stderr, "usage: flow send --to ADDR --port P [--rate PPS] [--count N | --seconds "
			"S] [--size BYTES] [--burst N]\n"
			"                 [--bind ADDR] [--interface IF] [--report FILE]\n"
			"       flow receive --port P [--bind ADDR] [--group ADDR [--interface "
			"IF]] [--expect N] [--gap-ms MS]\n"
			"                 [--until-idle MS] [--seconds S] [--report FILE]\n"
			"       flow clock\n");
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option names[] = {
		{ "to", 1, NULL, 't' },
		{ "port", 1, NULL, 'p' },
		{ "rate", 1, NULL, 'r' },
		{ "count", 1, NULL, 'c' },
		{ "seconds", 1, NULL, 's' },
		{ "size", 1, NULL, 'z' },
		{ "bind", 1, NULL, 'b' },
		{ "group", 1, NULL, 'g' },
		{ "interface", 1, NULL, 'i' },
		{ "report", 1, NULL, 'o' },
		{ "expect", 1, NULL, 'e' },
		{ "burst", 1, NULL, 'u' },
		{ "until-idle", 1, NULL, 'd' },
		{ "gap-ms", 1, NULL, 'm' },
		{ 0 },
	};
	struct options options = { .rate = 2000, .size = 64, .burst = 4, .gap_ms = 20 };
	struct sigaction action = { .sa_handler = stop };
	int name;

	while ((name = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (name) {
		case 't': options.to = optarg; break;
		case 'p': options.port = optarg; break;
		case 'r': options.rate = atof(optarg); break;
		case 'c': options.count = strtoull(optarg, NULL, 0); break;
		case 's': options.seconds = atof(optarg); break;
		case 'z': options.size = (unsigned int)atoi(optarg); break;
		case 'b': options.bind = optarg; break;
		case 'g': options.group = optarg; break;
		case 'i': options.interface = optarg; break;
		case 'o': options.report = optarg; break;
		case 'e': options.expect = strtoull(optarg, NULL, 0); break;
		case 'u': options.burst = (unsigned int)atoi(optarg); break;
		case 'd': options.idle_ms = (unsigned int)atoi(optarg); break;
		case 'm': options.gap_ms = (unsigned int)atoi(optarg); break;
		default: return usage();
		}
	}
	if (optind == argc - 1 && !strcmp(argv[optind], "clock"))
		return printf("%llu %llu\n", (unsigned long long)now_ns(CLOCK_REALTIME),
			      (unsigned long long)now_ns(CLOCK_MONOTONIC)) < 0;
	if (optind != argc - 1 || !options.port || options.rate <= 0 || !options.burst ||
	    options.size < sizeof(struct datagram))
		return usage();
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	if (!strcmp(argv[optind], "send") && options.to)
		return flow_send(&options);
	if (!strcmp(argv[optind], "receive"))
		return flow_receive(&options);
	return usage();
}
