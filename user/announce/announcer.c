/* SPDX-License-Identifier: GPL-2.0-only */
#include "announce/announcer.h"
#include "base/clock.h"
#include "base/crash_point.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define ANNOUNCER_THREADS 2

struct announcer_pair {
	/* of the fields below; held while frames are sent, so that no other thread changes them */
	pthread_mutex_t lock;
	int standby, primary;
	struct announcement frames;
	uint64_t announced_ns;
	size_t queries_left; /* to send after the announcement, from the last one on */
};

struct announcer {
	const struct pins *pins;
	struct host_signals *signals;
	/*
	 * one per thread, and one of the main thread: announce_send changes its socket's mode to
	 * retry
	 */
	int announce_fds[ANNOUNCER_THREADS + 1];
	int stop_fd;
	struct announcer_pair pairs[VFSTEER_MAX_PAIRS];
	unsigned thread_count;
	struct announcer_thread {
		struct announcer *announcer;
		unsigned number;
		pthread_t thread;
		int cpu;
	} threads[ANNOUNCER_THREADS];
};

static bool announcer_is_due(const struct announcer *announcer, unsigned slot)
{
	return pins_state(announcer->pins, slot).switches !=
	       __atomic_load_n(&announcer->pins->pairs[slot].announced_switches, __ATOMIC_ACQUIRE);
}

void announcer_note(struct vfsteer_pair *slot, const struct announcement *frames, int sent)
{
	uint32_t count = (uint32_t)(frames->count + frames->reports.count),
		 done = sent > 0 ? (uint32_t)sent : 0;

	__atomic_store_n(&slot->announced_frames, count, __ATOMIC_RELAXED);
	__atomic_store_n(&slot->unsent_frames, done < count ? count - done : 0, __ATOMIC_RELAXED);
}

/* Called with the pair's lock, which it releases. Returns when the pair was last announced. */
static uint64_t announcer_send(struct announcer *announcer, unsigned slot, int announce_fd)
{
	struct announcer_pair *pair = &announcer->pairs[slot];
	struct vfsteer_pair *shared = &announcer->pins->pairs[slot];
	struct vfsteer_state state = pins_state(announcer->pins, slot);
	uint64_t announced_ns;

	if (pair->standby && state.switches != shared->announced_switches) {
		crash_point("announcer-about-to-send");
		if (state.active == PATH_PRIMARY)
			announcer_note(shared, &pair->frames,
				       announce_send(announce_fd, pair->primary, &pair->frames));
		else if (__atomic_load_n(&shared->standby_has_carrier, __ATOMIC_RELAXED))
			announcer_note(shared, &pair->frames,
				       announce_send(announce_fd, pair->standby, &pair->frames));
		crash_point("announcer-sent");
		pair->announced_ns = clock_now_ns(CLOCK_BOOTTIME);
		__atomic_store_n(&shared->announced_switches, state.switches, __ATOMIC_RELEASE);
		crash_point("announcer-noted");
		__atomic_store_n(&pair->queries_left, pair->frames.queries.count, __ATOMIC_RELAXED);
	}
	announced_ns = pair->announced_ns;
	pthread_mutex_unlock(&pair->lock);
	return announced_ns;
}

static bool announcer_take_query(struct announcer_pair *pair, struct announce_query *ret)
{
	bool is_taken = false;

	pthread_mutex_lock(&pair->lock);
	if (pair->queries_left > pair->frames.queries.count)
		pair->queries_left = pair->frames.queries.count;
	if (pair->queries_left) {
		*ret = pair->frames.queries.list[--pair->queries_left];
		is_taken = true;
	}
	pthread_mutex_unlock(&pair->lock);
	return is_taken;
}

/* One at a time, so that the pair's next announcement does not wait. */
static void announcer_ask_by(struct announcer *announcer, unsigned slot, int announce_fd)
{
	struct announcer_pair *pair = &announcer->pairs[slot];
	struct announce_query query;
	struct pace pace = { 0 };

	while (__atomic_load_n(&pair->queries_left, __ATOMIC_RELAXED) &&
	       announcer_take_query(pair, &query))
		announce_ask(announce_fd, &query, &pace);
}

void announcer_ask(struct announcer *announcer, unsigned slot)
{
	announcer_ask_by(announcer, slot, announcer->announce_fds[ANNOUNCER_THREADS]);
}

uint64_t announcer_announce(struct announcer *announcer, unsigned slot)
{
	host_signals_send(announcer->signals, slot);
	pthread_mutex_lock(&announcer->pairs[slot].lock);
	return announcer_send(announcer, slot, announcer->announce_fds[ANNOUNCER_THREADS]);
}

/*
 * First the pairs whose lock is free, so that one with many frames does not delay the others; then
 * all that are still due.
 */
static void announcer_announce_all(struct announcer *announcer, int announce_fd)
{
	for (unsigned slot = 0; slot < pins_slots_used(announcer->pins); slot++)
		if (announcer_is_due(announcer, slot) &&
		    !pthread_mutex_trylock(&announcer->pairs[slot].lock))
			announcer_send(announcer, slot, announce_fd);
	for (unsigned slot = 0; slot < pins_slots_used(announcer->pins); slot++)
		if (announcer_is_due(announcer, slot)) {
			pthread_mutex_lock(&announcer->pairs[slot].lock);
			announcer_send(announcer, slot, announce_fd);
		}
	for (unsigned slot = 0; slot < pins_slots_used(announcer->pins); slot++)
		announcer_ask_by(announcer, slot, announce_fd);
}

static int announcer_poll(const struct announcer *announcer)
{
	/* Edge-triggered: the agent reads the ring, and each new event wakes a thread again. */
	struct epoll_event ring = { .events = EPOLLIN | EPOLLET }, timer = ring,
			   stop = { .events = EPOLLIN, .data.u32 = 1 };
	int timer_fd = host_signals_fd(announcer->signals), fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (epoll_ctl(fd, EPOLL_CTL_ADD, announcer->pins->events_fd, &ring) ||
	    (timer_fd >= 0 && epoll_ctl(fd, EPOLL_CTL_ADD, timer_fd, &timer)) ||
	    epoll_ctl(fd, EPOLL_CTL_ADD, announcer->stop_fd, &stop)) {
		int error = -errno;

		close(fd);
		return error;
	}
	return fd;
}

static void *announcer_thread(void *argument)
{
	const struct announcer_thread *thread = argument;
	struct announcer *announcer = thread->announcer;
	struct sched_param priority = { .sched_priority = 1 };
	struct epoll_event event = { 0 };
	int poll_fd = announcer_poll(announcer);

	/*
	 * Bound to its CPU and with this priority, it runs when woken. Without the privilege it is
	 * scheduled as usual.
	 */
	sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &priority);
	while (poll_fd >= 0 && event.data.u32 != 1) {
		if (epoll_wait(poll_fd, &event, 1, -1) < 0 && errno != EINTR)
			break;
		host_signals_send_all(announcer->signals);
		announcer_announce_all(announcer, announcer->announce_fds[thread->number]);
	}
	if (poll_fd >= 0)
		close(poll_fd);
	return NULL;
}

/* The first CPUs that this process may use. */
static void announcer_choose_cpus(struct announcer *announcer)
{
	cpu_set_t allowed;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return;
	for (int cpu = 0; cpu < CPU_SETSIZE && announcer->thread_count < ANNOUNCER_THREADS; cpu++)
		if (CPU_ISSET(cpu, &allowed))
			announcer->threads[announcer->thread_count++].cpu = cpu;
}

static int announcer_start(struct announcer *announcer, unsigned number)
{
	struct announcer_thread *thread = &announcer->threads[number];
	sigset_t all, before;
	cpu_set_t cpu;
	int error;

	CPU_ZERO(&cpu);
	CPU_SET(thread->cpu, &cpu);
	thread->announcer = announcer;
	thread->number = number;
	/* The main thread handles signals. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread->thread, NULL, announcer_thread, thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!error)
		pthread_setaffinity_np(thread->thread, sizeof(cpu), &cpu);
	return -error;
}

/*
 * The main thread takes these locks too, at a lower priority. A waiting thread lends it the higher
 * one (PTHREAD_PRIO_INHERIT).
 */
static void announcer_make_locks(struct announcer *announcer)
{
	pthread_mutexattr_t inheriting;

	pthread_mutexattr_init(&inheriting);
	pthread_mutexattr_setprotocol(&inheriting, PTHREAD_PRIO_INHERIT);
	for (unsigned slot = 0; slot < VFSTEER_MAX_PAIRS; slot++)
		pthread_mutex_init(&announcer->pairs[slot].lock, &inheriting);
	pthread_mutexattr_destroy(&inheriting);
}

static void announcer_close(const struct announcer *announcer)
{
	for (unsigned i = 0; i <= ANNOUNCER_THREADS; i++)
		if (announcer->announce_fds[i] >= 0)
			close(announcer->announce_fds[i]);
	if (announcer->stop_fd >= 0)
		close(announcer->stop_fd);
}

static int announcer_open(struct announcer *announcer)
{
	int error = 0;

	announcer->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (announcer->stop_fd < 0)
		error = -errno;
	for (unsigned i = 0; i <= ANNOUNCER_THREADS; i++) {
		announcer->announce_fds[i] = announce_open();
		if (announcer->announce_fds[i] < 0)
			error = announcer->announce_fds[i];
	}
	return error;
}

int announcer_new(const struct pins *pins, struct host_signals *signals, struct announcer **ret)
{
	struct announcer *announcer = calloc(1, sizeof(*announcer));
	unsigned wanted;
	int error;

	if (!announcer)
		return -ENOMEM;
	announcer->pins = pins;
	announcer->signals = signals;
	error = announcer_open(announcer);
	if (error) {
		announcer_close(announcer);
		free(announcer);
		return error;
	}
	announcer_make_locks(announcer);
	announcer_choose_cpus(announcer);
	wanted = announcer->thread_count;
	/* A missing thread only delays announcements: the agent announces as well. */
	for (announcer->thread_count = 0; announcer->thread_count < wanted;
	     announcer->thread_count++)
		if (announcer_start(announcer, announcer->thread_count))
			break;
	*ret = announcer;
	return 0;
}

void announcer_free(struct announcer *announcer)
{
	uint64_t one = 1;

	if (!announcer)
		return;
	if (write(announcer->stop_fd, &one, sizeof(one)) == sizeof(one))
		for (unsigned i = 0; i < announcer->thread_count; i++)
			pthread_join(announcer->threads[i].thread, NULL);
	for (unsigned slot = 0; slot < VFSTEER_MAX_PAIRS; slot++) {
		announcement_free(&announcer->pairs[slot].frames);
		pthread_mutex_destroy(&announcer->pairs[slot].lock);
	}
	announcer_close(announcer);
	free(announcer);
}

int announcer_set(struct announcer *announcer, unsigned slot, int standby, int primary,
		  const struct announcement *frames)
{
	struct announcer_pair *pair = &announcer->pairs[slot];
	struct announcement copy, old;
	int error = announcement_copy(&copy, frames);

	if (error)
		return error;
	pthread_mutex_lock(&pair->lock);
	old = pair->frames;
	pair->frames = copy;
	pair->standby = standby;
	pair->primary = primary;
	pthread_mutex_unlock(&pair->lock);
	announcement_free(&old);
	return 0;
}

void announcer_clear(struct announcer *announcer, unsigned slot)
{
	struct announcer_pair *pair = &announcer->pairs[slot];

	pthread_mutex_lock(&pair->lock);
	announcement_free(&pair->frames);
	pair->standby = pair->primary = 0;
	pair->announced_ns = 0;
	pthread_mutex_unlock(&pair->lock);
}
