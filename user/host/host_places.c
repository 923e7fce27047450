/* SPDX-License-Identifier: GPL-2.0-only */
#include "host/host_places.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/room.h"
#include "host/host_entries.h"
#include "host/host_guests.h"
#include "host/host_taps.h"

#define OWN_NAMESPACE "/proc/self/ns/net"

static int enter(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error = 0;

	if (fd < 0)
		return -errno;
	if (setns(fd, CLONE_NEWNET))
		error = -errno;
	close(fd);
	return error;
}

int host_places_enter(const struct host_place *place)
{
	return place == place->host->places[0] ? 0 : enter(place->path);
}

void host_places_leave(const struct host_place *place)
{
	const struct host *host = place->host;

	if (place == host->places[0])
		return;
	if (setns(host->namespace_fd, CLONE_NEWNET) == 0)
		return;
	log_error("run: return to the own network namespace: %s: ends, to be restarted",
		  strerror(errno));
	abort();
}

static void on_station(void *context, const struct host_station *station)
{
	struct host_place *place = context;

	if (place == place->host->places[0] && station->is_own_list)
		host_entries_note(place->host, station);
	host_guests_take_station(place->host, place, station);
}

static int on_links(sd_event_source *source, int fd, uint32_t revents, void *argument)
{
	struct host_place *place = argument;
	struct host_links_events events = { .station = on_station, .context = place };
	int changes = host_links_dispatch(place->links, &events);

	(void)source, (void)fd, (void)revents;
	/* After an error the next timer dispatches again, which dumps. */
	place->is_behind = changes < 0;
	if (changes > 0)
		host_taps_rescan(place->host);
	return 0;
}

void host_places_catch_up(struct host *host)
{
	for (size_t i = 0; i < host->place_count; i++)
		if (host->places[i]->is_behind)
			on_links(NULL, -1, 0, host->places[i]);
}

static void close_place(struct host_place *place)
{
	if (!place)
		return;
	sd_event_source_disable_unref(place->io);
	host_links_free(place->links);
	free(place);
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Opens @path as a place; @inode: of its namespace. Returns 0 or -errno. */
static int open_place(struct host *host, const char *path, uint64_t inode)
{
	bool is_first = !host->place_count;
	struct host_place *place;
	int error;

	if (room_for_one(host->places, host->place_count, &host->place_size))
		return -ENOMEM;
	place = calloc(1, sizeof(*place));
	if (!place)
		return -ENOMEM;
	place->host = host;
	place->inode = inode;
	snprintf(place->path, sizeof(place->path), "%s", path);
	if (!is_first)
		snprintf(place->name, sizeof(place->name), "%.*s", NAME_MAX - 1, last_part(path));
	host->places[host->place_count] = place;
	error = host_places_enter(place);
	if (!error) {
		error = host_links_new(&place->links);
		host_places_leave(place);
	}
	if (!error)
		error = sd_event_add_io(host->loop, &place->io, host_links_fd(place->links),
					EPOLLIN, on_links, place);
	if (error < 0) {
		close_place(place);
		return error;
	}
	host->place_count++;
	return 0;
}

int host_places_open(struct host *host)
{
	struct stat status;

	host->namespace_fd = open(OWN_NAMESPACE, O_RDONLY | O_CLOEXEC);
	if (host->namespace_fd < 0 || fstat(host->namespace_fd, &status))
		return -errno;
	return open_place(host, OWN_NAMESPACE, status.st_ino);
}

static struct host_place *find(const struct host *host, uint64_t inode)
{
	for (size_t i = 0; i < host->place_count; i++)
		if (host->places[i]->inode == inode)
			return host->places[i];
	return NULL;
}

static bool visit(struct host *host, const char *path)
{
	struct host_place *place;
	struct stat status;
	int error;

	if (stat(path, &status))
		return false;
	place = find(host, status.st_ino);
	if (place) {
		place->is_gone = false;
		return false;
	}
	error = open_place(host, path, status.st_ino);
	if (!error)
		return true;
	if (error != host->places_error)
		log_warning("%s: cannot enter this network namespace: %s%s", path, strerror(-error),
			    error == -EPERM ? "; it needs CAP_SYS_ADMIN, see vfsteer-host(8)" : "");
	host->places_error = error;
	return false;
}

bool host_places_rescan(struct host *host)
{
	bool changed = false;

	for (size_t i = 1; i < host->place_count; i++)
		host->places[i]->is_gone = true;
	for (size_t i = 0; i < host->config->netns_count; i++) {
		glob_t found;

		if (glob(host->config->netns[i], 0, NULL, &found))
			continue;
		for (size_t j = 0; j < found.gl_pathc; j++)
			changed = visit(host, found.gl_pathv[j]) || changed;
		globfree(&found);
	}
	for (size_t i = 1; i < host->place_count; i++)
		changed = changed || host->places[i]->is_gone;
	if (!changed)
		return false;
	/* Removes the taps of those that are gone. */
	host_taps_rescan(host);
	for (size_t i = host->place_count; i-- > 1;) {
		if (!host->places[i]->is_gone)
			continue;
		close_place(host->places[i]);
		host->places[i] = host->places[--host->place_count];
	}
	return true;
}

void host_places_close(struct host *host)
{
	while (host->place_count)
		close_place(host->places[--host->place_count]);
	free(host->places);
	if (host->namespace_fd >= 0)
		close(host->namespace_fd);
}
