/* SPDX-License-Identifier: GPL-2.0-only */
#include "announce/host_signals.h"
#include "announce/announce.h"
#include "base/clock.h"
#include "maps/slot_drain.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* From the change on. A host that starts to listen to a new tap may miss the first. */
static const uint64_t repeats_ns[] = { 0, 20 * CLOCK_NS_PER_MS, 60 * CLOCK_NS_PER_MS,
				       150 * CLOCK_NS_PER_MS };
#define REPEATS (sizeof(repeats_ns) / sizeof(*repeats_ns))

/* A queue that is full: after a switchover the standby may be busier than it can be. */
#define RETRY_NS (CLOCK_NS_PER_MS / 2)
#define RETRIES_MAX 40

/* What a frame reports, without what differs between any two. */
struct content {
	struct vfsteer_state state;
	struct host_signals_pair pair;
	uint16_t flags;
};

struct signals_pair {
	pthread_mutex_t lock; /* of the fields below; held while a frame is sent */
	struct host_signals_pair pair;
	bool is_known; /* content was sent, or is being sent */
	struct content content;
	uint64_t changed_ns;
	unsigned repeat;
	unsigned retries;
	uint64_t next_ns; /* 0: never; also read without the lock */
};

struct host_signals {
	const struct pins *pins;
	int direct_fd; /* bypasses the qdisc */
	int queue_fd;  /* for a driver that has no room */
	int timer_fd;
	uint64_t instance;
	uint32_t sequence;
	pthread_mutex_t timer_lock;
	struct signals_pair pairs[VFSTEER_MAX_PAIRS];
};

/* Called with the pair's lock. False: nothing is to be sent. */
static bool read_content(const struct host_signals *signals, unsigned slot, struct content *ret)
{
	const struct vfsteer_pair *shared = &signals->pins->pairs[slot];

	/* Two are compared as bytes. */
	memset(ret, 0, sizeof(*ret));
	ret->pair = signals->pairs[slot].pair;
	ret->state = pins_state(signals->pins, slot);
	ret->state.cause = CAUSE_NONE;
	if (slot_drain(shared) == DRAIN_DONE)
		ret->flags = HOST_SIGNAL_DRAINED;
	return ret->pair.standby && __atomic_load_n(&shared->standby_has_carrier, __ATOMIC_RELAXED);
}

static uint32_t switch_age_us(const struct vfsteer_pair *shared, uint32_t switches, uint64_t now_ns)
{
	uint64_t switched_ns = __atomic_load_n(&shared->last_switch_boot_ns, __ATOMIC_RELAXED);
	uint64_t age_us;

	if (!switches || switched_ns > now_ns)
		return switches ? 0 : UINT32_MAX;
	age_us = (now_ns - switched_ns) / 1000;
	return age_us < UINT32_MAX ? (uint32_t)age_us : UINT32_MAX;
}

/*
 * Through the qdisc it stays on the standby as well: no program redirects link-local frames
 * (steer_stays in bpf/steer.bpf.c).
 */
static int send_frame(const struct host_signals *signals, int ifindex, const uint8_t *frame,
		      size_t length)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_ifindex = ifindex,
		.sll_protocol = htons(HOST_SIGNAL_ETHERTYPE),
	};

	if (sendto(signals->direct_fd, frame, length, 0, (struct sockaddr *)&to, sizeof(to)) >= 0)
		return 0;
	if (errno != ENOBUFS)
		return -errno;
	if (sendto(signals->queue_fd, frame, length, 0, (struct sockaddr *)&to, sizeof(to)) >= 0)
		return 0;
	return -errno;
}

static int send_content(struct host_signals *signals, unsigned slot, const struct content *content,
			unsigned flags, uint32_t interval_ms, uint64_t now_ns)
{
	struct host_signal signal = {
		.kind = content->pair.kind,
		.active = content->state.active,
		.primary = content->state.primary,
		.admin = content->state.admin,
		.flags = (uint16_t)(content->flags | flags),
		.instance = signals->instance,
		.sequence = __atomic_add_fetch(&signals->sequence, 1, __ATOMIC_RELAXED),
		.interval_ms = interval_ms,
		.switches = content->state.switches,
		.switch_age_us =
			switch_age_us(&signals->pins->pairs[slot], content->state.switches, now_ns),
	};
	uint8_t frame[HOST_SIGNAL_FRAME_SIZE], source[ETH_ALEN];
	int length;

	memcpy(signal.mac, content->pair.mac, ETH_ALEN);
	host_signal_source(content->pair.mac, source);
	length = host_signal_build(&signal, source, frame, sizeof(frame));
	return length < 0 ? length
			  : send_frame(signals, content->pair.standby, frame, (size_t)length);
}

static void set_next(struct signals_pair *pair, uint64_t next_ns)
{
	__atomic_store_n(&pair->next_ns, next_ns, __ATOMIC_RELAXED);
}

/* Called with the pair's lock, after a frame was sent or refused with @error. */
static void plan_next(struct signals_pair *pair, int error, uint64_t now_ns)
{
	if ((error == -ENOBUFS || error == -EAGAIN) && pair->retries < RETRIES_MAX) {
		pair->retries++;
		set_next(pair, now_ns + RETRY_NS);
		return;
	}
	pair->retries = 0;
	if (pair->repeat < REPEATS)
		pair->repeat++;
	set_next(pair, pair->repeat < REPEATS
			       ? pair->changed_ns + repeats_ns[pair->repeat]
			       : now_ns + HOST_SIGNALS_INTERVAL_MS * CLOCK_NS_PER_MS);
}

/* Returns whether the time of the next frame changed. */
static bool send_due(struct host_signals *signals, unsigned slot)
{
	struct signals_pair *pair = &signals->pairs[slot];
	uint64_t now_ns = clock_now_ns(CLOCK_BOOTTIME), next_ns = pair->next_ns;
	struct content content;

	if (!read_content(signals, slot, &content)) {
		pair->is_known = false;
		set_next(pair, 0);
		return next_ns;
	}
	if (!pair->is_known || memcmp(&content, &pair->content, sizeof(content))) {
		pair->is_known = true;
		pair->content = content;
		pair->changed_ns = now_ns;
		set_next(pair, now_ns);
		pair->repeat = pair->retries = 0;
	}
	if (now_ns < pair->next_ns)
		return pair->next_ns != next_ns;
	plan_next(pair, send_content(signals, slot, &content, 0, HOST_SIGNALS_INTERVAL_MS, now_ns),
		  now_ns);
	return true;
}

/* The earliest of all pairs'. */
static void set_timer(struct host_signals *signals)
{
	struct itimerspec due = { 0 };
	uint64_t earliest_ns = 0;

	pthread_mutex_lock(&signals->timer_lock);
	for (unsigned slot = 0; slot < pins_slots_used(signals->pins); slot++) {
		uint64_t next_ns = __atomic_load_n(&signals->pairs[slot].next_ns, __ATOMIC_RELAXED);

		if (next_ns && (!earliest_ns || next_ns < earliest_ns))
			earliest_ns = next_ns;
	}
	due.it_value.tv_sec = (time_t)(earliest_ns / CLOCK_NS_PER_S);
	due.it_value.tv_nsec = (long)(earliest_ns % CLOCK_NS_PER_S);
	timerfd_settime(signals->timer_fd, TFD_TIMER_ABSTIME, &due, NULL);
	pthread_mutex_unlock(&signals->timer_lock);
}

static bool send_locked(struct host_signals *signals, unsigned slot)
{
	bool has_changed;

	pthread_mutex_lock(&signals->pairs[slot].lock);
	has_changed = send_due(signals, slot);
	pthread_mutex_unlock(&signals->pairs[slot].lock);
	return has_changed;
}

void host_signals_send(struct host_signals *signals, unsigned slot)
{
	if (signals && send_locked(signals, slot))
		set_timer(signals);
}

void host_signals_send_all(struct host_signals *signals)
{
	bool has_changed = false;

	if (!signals)
		return;
	for (unsigned slot = 0; slot < pins_slots_used(signals->pins); slot++)
		has_changed |= send_locked(signals, slot);
	if (has_changed)
		set_timer(signals);
}

void host_signals_set(struct host_signals *signals, unsigned slot,
		      const struct host_signals_pair *pair)
{
	if (!signals)
		return;
	pthread_mutex_lock(&signals->pairs[slot].lock);
	signals->pairs[slot].pair = *pair;
	pthread_mutex_unlock(&signals->pairs[slot].lock);
	host_signals_send(signals, slot);
}

void host_signals_end(struct host_signals *signals, unsigned flags)
{
	for (unsigned slot = 0; signals && slot < pins_slots_used(signals->pins); slot++) {
		struct signals_pair *pair = &signals->pairs[slot];
		struct content content;

		pthread_mutex_lock(&pair->lock);
		if (read_content(signals, slot, &content))
			send_content(signals, slot, &content, HOST_SIGNAL_ENDS | flags, 0,
				     clock_now_ns(CLOCK_BOOTTIME));
		pair->pair.standby = 0;
		pthread_mutex_unlock(&pair->lock);
	}
}

int host_signals_fd(const struct host_signals *signals)
{
	return signals ? signals->timer_fd : -1;
}

/* Threads of different priorities take them. */
static void make_locks(struct host_signals *signals)
{
	pthread_mutexattr_t inheriting;

	pthread_mutexattr_init(&inheriting);
	pthread_mutexattr_setprotocol(&inheriting, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&signals->timer_lock, &inheriting);
	for (unsigned slot = 0; slot < VFSTEER_MAX_PAIRS; slot++)
		pthread_mutex_init(&signals->pairs[slot].lock, &inheriting);
	pthread_mutexattr_destroy(&inheriting);
}

int host_signals_new(const struct pins *pins, struct host_signals **ret)
{
	struct host_signals *signals = calloc(1, sizeof(*signals));
	int error = 0, bypass = 1;

	if (!signals)
		return -ENOMEM;
	signals->pins = pins;
	/* Unique, also for an agent that starts in the same second as another. */
	signals->instance = clock_now_ns(CLOCK_REALTIME);
	make_locks(signals);
	signals->direct_fd = announce_open();
	signals->queue_fd = announce_open();
	signals->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (signals->timer_fd < 0)
		error = -errno;
	else if (signals->direct_fd < 0)
		error = signals->direct_fd;
	else if (signals->queue_fd < 0)
		error = signals->queue_fd;
	else if (setsockopt(signals->direct_fd, SOL_PACKET, PACKET_QDISC_BYPASS, &bypass,
			    sizeof(bypass)))
		error = -errno;
	if (error) {
		host_signals_free(signals);
		return error;
	}
	*ret = signals;
	return 0;
}

void host_signals_free(struct host_signals *signals)
{
	if (!signals)
		return;
	for (unsigned slot = 0; slot < VFSTEER_MAX_PAIRS; slot++)
		pthread_mutex_destroy(&signals->pairs[slot].lock);
	pthread_mutex_destroy(&signals->timer_lock);
	if (signals->direct_fd >= 0)
		close(signals->direct_fd);
	if (signals->queue_fd >= 0)
		close(signals->queue_fd);
	if (signals->timer_fd >= 0)
		close(signals->timer_fd);
	free(signals);
}
