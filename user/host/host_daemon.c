/* SPDX-License-Identifier: GPL-2.0-only */
#include "host/host_daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "host/host_entries.h"
#include "host/host_guests.h"
#include "host/host_places.h"
#include "host/host_privileges.h"
#include "host/host_service.h"
#include "host/host_taps.h"

#define TIMER_US 1000000
#define TIMER_ACCURACY_US 100000
#define VFS_INTERVAL_NS 10000000000ULL
#define PLACES_INTERVAL_NS 1000000000ULL

uint64_t host_now_ns(void)
{
	return clock_now_ns(CLOCK_BOOTTIME);
}

static bool lacks_targets(const struct host *host)
{
	for (size_t i = 0; i < host->guest_count; i++) {
		struct host_targets targets;

		if (!host->guests[i]->shared)
			continue;
		host_guests_targets(host, host->guests[i], &targets);
		if (!targets.count)
			return true;
	}
	return false;
}

/* Nothing reports that VFs were created, or that one was set while its PF was down. */
static void read_vfs(struct host *host)
{
	uint64_t now_ns = host_now_ns();

	if (now_ns - host->vfs_read_ns < VFS_INTERVAL_NS && !lacks_targets(host))
		return;
	host->vfs_read_ns = now_ns;
	if (host_links_reread_vfs(host->places[0]->links) > 0)
		host_taps_rescan(host);
}

static int on_timer(sd_event_source *source, uint64_t time_us, void *argument)
{
	struct host *host = argument;

	host_places_catch_up(host);
	host_places_rescan(host);
	read_vfs(host);
	host_guests_look(host);
	host_guests_decide_all(host);
	host_entries_retry(host);
	sd_event_source_set_time(source, time_us + TIMER_US);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

/* A mistake in the file would end the next process, and with it the sharing for all guests. */
static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *argument)
{
	static char message[PATH_MAX + 1024];
	struct host *host = argument;
	struct host_config *next = host_config_read(host->config_file, message, sizeof(message));

	(void)source, (void)info;
	if (!next) {
		log_error("run: %s (nothing is changed: the configuration read before stays in "
			  "use)",
			  message);
		return 0;
	}
	host_config_free(next);
	host->restart = true;
	return sd_event_exit(host->loop, 0);
}

static int open_loop(struct host *host)
{
	sigset_t signals;
	int error;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	error = sd_event_new(&host->loop);
	if (error >= 0)
		error = sd_event_add_signal(host->loop, NULL, SIGTERM, NULL, NULL);
	if (error >= 0)
		error = sd_event_add_signal(host->loop, NULL, SIGINT, NULL, NULL);
	if (error >= 0)
		error = sd_event_add_signal(host->loop, NULL, SIGHUP, on_hangup, host);
	if (error >= 0)
		error = sd_event_set_watchdog(host->loop, true);
	return error < 0 ? error : 0;
}

static int start_timer(struct host *host)
{
	uint64_t now_us = host_now_ns() / 1000;
	int error = sd_event_add_time(host->loop, &host->timer, CLOCK_BOOTTIME, now_us + TIMER_US,
				      TIMER_ACCURACY_US, on_timer, host);

	return error < 0 ? error : 0;
}

/* One process per directory: two would take each other's entries away. */
static int lock_directory(struct host *host)
{
	char path[PATH_MAX];
	int error;

	if (mkdir(host->run_directory, 0700) && errno != EEXIST) {
		error = -errno;
		log_error("run: %s: %s: name a directory with --run-dir", host->run_directory,
			  strerror(-error));
		return error;
	}
	snprintf(path, sizeof(path), "%.4000s/lock", host->run_directory);
	host->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (host->lock_fd >= 0 && !flock(host->lock_fd, LOCK_EX | LOCK_NB))
		return 0;
	error = -errno;
	if (error == -EWOULDBLOCK)
		log_error("run: another vfsteer-host runs already (%s is locked); stop it first",
			  path);
	else
		log_error("run: %s: %s: name a directory with --run-dir", path, strerror(-error));
	return error;
}

/* A socket for each tap. */
static void raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int step_failed(const char *what, int error)
{
	log_error("run: %s: %s", what, strerror(-error));
	return error;
}

/*
 * Entries come last: the guests that an earlier process's entries are for have to be known. Returns
 * 0 or -errno, logged.
 */
static int start(struct host *host)
{
	int error = lock_directory(host);

	if (error)
		return error;
	raise_descriptors();
	error = open_loop(host);
	if (error)
		return step_failed("event loop", error);
	error = host_places_open(host);
	if (error)
		return step_failed("devices cannot be read", error);
	host_places_rescan(host);
	host_taps_rescan(host);
	host_taps_read_allowed(host);
	host_taps_rescan(host);
	host_guests_look(host);
	error = host_entries_open(host);
	if (error)
		return step_failed("the list of entries cannot be kept", error);
	host_taps_rescan(host);
	error = host_service_open(host);
	if (error)
		return step_failed("control socket", error);
	error = start_timer(host);
	return error ? step_failed("timer", error) : 0;
}

int host_daemon_run(struct host_config *config, const char *config_file, const char *run_directory,
		    char **arguments)
{
	struct host host = { .config = config,
			     .config_file = config_file,
			     .run_directory = run_directory,
			     .namespace_fd = -1,
			     .control_fd = -1,
			     .lock_fd = -1,
			     .started_ns = host_now_ns() };
	int error = host_privileges_drop(config->netns_count > 0);

	if (!error)
		error = start(&host);
	if (!error) {
		log_info("runs: %zu taps, %zu guests, %zu entries", host.tap_count,
			 host.guest_count, host.entry_count);
		sd_notifyf(0, "READY=1\nSTATUS=%zu taps", host.tap_count);
		error = sd_event_loop(host.loop);
		sd_notify(0, host.restart ? "RELOADING=1" : "STOPPING=1");
	}
	host_service_close(&host);
	sd_event_source_disable_unref(host.timer);
	if (host.journal)
		host_entries_close(&host, error < 0 || host.restart);
	host_taps_close(&host);
	host_places_close(&host);
	sd_event_unref(host.loop);
	host_config_free(config);
	if (host.lock_fd >= 0)
		close(host.lock_fd);
	if (host.restart && !error) {
		execvp(arguments[0], arguments);
		log_error("run: %s: %s: ends, to be restarted", arguments[0], strerror(errno));
		return EXIT_FAILURE;
	}
	return error < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
