/* SPDX-License-Identifier: GPL-2.0-only */
#include "host/host_listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mac.h"
#include "host/host_entries.h"
#include "host/host_guests.h"
#include "host/host_places.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23 /* Linux 4.20 */
#endif
#define FRAME_SIZE 256
#define FRAMES_AT_ONCE 16
/* A guest that floods the host with signals costs this many rounds a second, and loses the rest. */
#define RATE_INTERVAL_US 1000000
#define RATE_BURST 100
#define REFUSAL_LOG_NS 60000000000ULL
#define OFFSET_ETHERTYPE 12
#define OFFSET_MAGIC 14

/* Runs for each frame on the tap, so it looks at two fields only. */
static struct sock_filter filter[] = {
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, OFFSET_ETHERTYPE),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, HOST_SIGNAL_ETHERTYPE, 0, 3),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, OFFSET_MAGIC),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, HOST_SIGNAL_MAGIC, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, FRAME_SIZE),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

static void refuse(struct host *host, struct host_tap *tap, const uint8_t *mac,
		   enum host_permission why)
{
	uint64_t now_ns = host_now_ns();
	bool is_other = memcmp(tap->refused_mac, mac, ETH_ALEN) != 0 || tap->refusal != why;
	char text[MAC_TEXT_SIZE];

	tap->refused++;
	host->totals.refused++;
	memcpy(tap->refused_mac, mac, ETH_ALEN);
	tap->refusal = why;
	/* A guest that claims another MAC each time must not fill the log. */
	if (tap->refusal_logged_ns &&
	    now_ns - tap->refusal_logged_ns < (is_other ? REFUSAL_LOG_NS / 6 : REFUSAL_LOG_NS))
		return;
	tap->refusal_logged_ns = now_ns;
	mac_write(mac, text);
	log_warning("%s: %s: refused: %s; to permit it: 'vfsteer-host allow %s %s' (%llu refused)",
		    tap->name, text, host_rules_words(why), tap->name, text,
		    (unsigned long long)tap->refused);
}

static void note_latency(struct host *host, uint64_t arrived_ns)
{
	uint64_t now_ns = clock_now_ns(CLOCK_REALTIME);

	/* The clock was set back. */
	if (now_ns < arrived_ns)
		return;
	host->totals.latency_last_us = (now_ns - arrived_ns) / 1000;
	if (host->totals.latency_last_us > host->totals.latency_max_us)
		host->totals.latency_max_us = host->totals.latency_last_us;
}

/* Returns whether it counts. */
static bool take_signal(struct host *host, struct host_tap *tap, const struct host_signal *signal)
{
	enum host_permission permission;
	struct host_guest *guest = host_guests_get(host, tap, signal->mac, &permission);

	if (!guest) {
		refuse(host, tap, signal->mac, permission);
		return false;
	}
	tap->signals++;
	host->totals.signals++;
	if (host_guests_take_signal(guest, signal)) {
		guest->is_due = true;
		return true;
	}
	tap->stale++;
	host->totals.stale++;
	return false;
}

/* Once for all frames that were read: of a guest that floods the host, the last one counts. */
static void decide(struct host *host, const struct host_tap *tap, uint64_t arrived_ns)
{
	uint64_t additions = host->totals.entries_added;

	for (size_t i = 0; i < host->guest_count; i++) {
		struct host_guest *guest = host->guests[i];

		if (guest->tap != tap || !guest->is_due)
			continue;
		guest->is_due = false;
		host_guests_decide(host, guest);
	}
	if (host->totals.entries_added != additions)
		note_latency(host, arrived_ns);
}

static uint64_t time_of(struct msghdr *header)
{
	for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
		struct timespec time;

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&time, CMSG_DATA(part), sizeof(time));
		return (uint64_t)time.tv_sec * 1000000000ULL + (uint64_t)time.tv_nsec;
	}
	return clock_now_ns(CLOCK_REALTIME);
}

/*
 * Sets *arrived_ns if the frame counts and it is 0. Returns 0, or -errno: there is nothing more to
 * read.
 */
static int receive(struct host *host, struct host_tap *tap, uint64_t *arrived_ns)
{
	union {
		char bytes[CMSG_SPACE(sizeof(struct timespec))];
		struct cmsghdr align;
	} control;
	uint8_t frame[FRAME_SIZE], source[ETH_ALEN];
	struct iovec vector = { frame, sizeof(frame) };
	struct msghdr header = { .msg_iov = &vector,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control) };
	ssize_t length = recvmsg(tap->fd, &header, 0);
	struct host_signal signal;
	int error;

	if (length < 0)
		/* Reported once, when the tap goes down; it may come up again. */
		return errno == ENETDOWN || errno == EINTR ? 0 : -errno;
	error = host_signal_parse(frame, (size_t)length, &signal, source);
	if (!error) {
		if (take_signal(host, tap, &signal) && !*arrived_ns)
			*arrived_ns = time_of(&header);
	} else {
		tap->malformed++;
		host->totals.malformed++;
	}
	return 0;
}

static int on_frames(sd_event_source *source, int fd, uint32_t events, void *argument)
{
	struct host_tap *tap = argument;
	uint64_t arrived_ns = 0;
	int error = 0;

	(void)source, (void)fd, (void)events;
	for (unsigned i = 0; i < FRAMES_AT_ONCE && !error; i++)
		error = receive(tap->place->host, tap, &arrived_ns);
	if (arrived_ns)
		decide(tap->place->host, tap, arrived_ns);
	return 0;
}

/* Returns the socket or -errno. */
static int open_socket(const struct host_tap *tap)
{
	struct sock_fprog program = { sizeof(filter) / sizeof(*filter), filter };
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
				       .sll_protocol = htons(ETH_P_ALL),
				       .sll_ifindex = tap->ifindex };
	int on = 1, error, fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	/* What the guest sends, a macvtap transmits. */
	if (strcmp(tap->kind, "macvtap") != 0)
		setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	/*
	 * ETH_P_ALL: a bridge that forwards this group (group_fwd_mask) and Open vSwitch take
	 * frames before sockets of one protocol.
	 */
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		error = -errno;
		close(fd);
		return error;
	}
	return fd;
}

int host_listener_open(struct host *host, struct host_tap *tap)
{
	int error = host_places_enter(tap->place);

	if (error)
		return error;
	tap->fd = open_socket(tap);
	host_places_leave(tap->place);
	if (tap->fd < 0) {
		error = tap->fd;
		tap->fd = -1;
		return error;
	}
	error = sd_event_add_io(host->loop, &tap->io, tap->fd, EPOLLIN, on_frames, tap);
	if (error < 0) {
		close(tap->fd);
		tap->fd = -1;
		return error;
	}
	/* Before anything slower: the guest waits for the entry. */
	sd_event_source_set_priority(tap->io, SD_EVENT_PRIORITY_IMPORTANT);
	sd_event_source_set_ratelimit(tap->io, RATE_INTERVAL_US, RATE_BURST);
	return 0;
}
