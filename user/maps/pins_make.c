/* SPDX-License-Identifier: GPL-2.0-only */
#include "maps/pins_make.h"
#include "base/crash_point.h"
#include "maps.skel.h"
#include "maps/percpu.h"
#include "maps/pin.h"
#include "maps/port_pins.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* In the order of pinning, which is reversed for unpinning: a set with `events` is complete. */
static const char *const pins_map_names[] = { "pairs",	   "counters", "twins",
					      "twins_key", "own_macs", "events" };
#define PINS_MAPS (sizeof(pins_map_names) / sizeof(*pins_map_names))

static int pins_make_directory(const char *path)
{
	int fd, error;

	if (!mkdir(path, 0700))
		return 0;
	if (errno != EEXIST)
		return -errno;
	/*
	 * Does not follow a symbolic link, which others may have created: see check_directory in
	 * pins_open.c.
	 */
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	error = fchmod(fd, 0700) ? -errno : 0;
	close(fd);
	return error;
}

/*
 * Every slot has the version before the first pin exists, so every reader of the map can check it.
 */
static int pins_stamp(int pairs_fd)
{
	struct vfsteer_pair pair = { .abi_version = VFSTEER_ABI_VERSION };

	for (__u32 slot = 0; slot < VFSTEER_MAX_PAIRS; slot++)
		if (bpf_map_update_elem(pairs_fd, &slot, &pair, BPF_ANY))
			return -errno;
	return 0;
}

/* The key is secret: with it, a sender could make frames that pass for another frame's twin. */
static int pins_make_twins_key(int twins_key_fd)
{
	struct vfsteer_twins_key key;
	__u32 zero = 0;
	int error = 0;

	if (getrandom(&key, sizeof(key), 0) != sizeof(key))
		return -EIO;
	key.multiplier |= 1;
	if (bpf_map_update_elem(twins_key_fd, &zero, &key, BPF_ANY))
		error = -errno;
	explicit_bzero(&key, sizeof(key));
	return error;
}

static int pins_make_maps(const char *directory)
{
	struct maps_bpf *maps = maps_bpf__open();
	struct bpf_map *all[PINS_MAPS];
	char path[PINS_PATH_SIZE];
	int error;

	if (!maps)
		return -errno;
	all[0] = maps->maps.pairs;
	all[1] = maps->maps.counters;
	all[2] = maps->maps.twins;
	all[3] = maps->maps.twins_key;
	all[4] = maps->maps.own_macs;
	all[5] = maps->maps.events;
	error = maps_bpf__load(maps);
	if (!error)
		error = pins_stamp(bpf_map__fd(all[0]));
	if (!error)
		error = pins_make_twins_key(bpf_map__fd(maps->maps.twins_key));
	for (unsigned i = 0; i < PINS_MAPS && !error; i++) {
		snprintf(path, sizeof(path), "%.200s/%s", directory, pins_map_names[i]);
		if (bpf_obj_pin(bpf_map__fd(all[i]), path))
			error = -errno;
		crash_point("pins-map-pinned");
	}
	maps_bpf__destroy(maps);
	return error;
}

/*
 * Copies the counters of an earlier version, which had fewer, to a map with room for all. Returns 0
 * or -errno.
 */
static int pins_grow_counters(struct pins *pins)
{
	int size = percpu_entry_size(pins->counters_fd), error;
	struct maps_bpf *maps;
	struct bpf_map *map;

	if (size < 0 || (size_t)size >= sizeof(struct vfsteer_counters))
		return size < 0 ? size : 0;
	maps = maps_bpf__open();
	if (!maps)
		return -errno;
	bpf_object__for_each_map(map, maps->obj)
		bpf_map__set_autocreate(map, map == maps->maps.counters);
	error = maps_bpf__load(maps);
	if (!error)
		error = pins_widen_counters(pins, bpf_map__fd(maps->maps.counters));
	maps_bpf__destroy(maps);
	return error;
}

/* Is it one of our maps, without a slot in use? */
static bool pins_is_unused(const char *path)
{
	int fd = bpf_obj_get(path);
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);
	struct vfsteer_pair pair;
	bool unused;

	if (fd < 0)
		return false;
	unused = !bpf_obj_get_info_by_fd(fd, &info, &size) && info.type == BPF_MAP_TYPE_ARRAY &&
		 info.value_size == sizeof(pair) && !strcmp(info.name, pins_map_names[0]);
	for (__u32 slot = 0; unused && slot < info.max_entries; slot++)
		unused = !bpf_map_lookup_elem(fd, &slot, &pair) &&
			 pair.abi_version == VFSTEER_ABI_VERSION && !pair.standby[0];
	close(fd);
	return unused;
}

/*
 * Is this what a killed agent left: the first maps, without a pair? The agent was killed before it
 * had pinned all, or after it had begun to unpin.
 */
static bool pins_are_unfinished(const char *directory)
{
	char path[PINS_PATH_SIZE];
	unsigned count = 0;

	for (unsigned i = 0; i < PINS_MAPS; i++) {
		snprintf(path, sizeof(path), "%.200s/%s", directory, pins_map_names[i]);
		if (access(path, F_OK))
			continue;
		if (i != count++)
			return false;
	}
	snprintf(path, sizeof(path), "%.200s/%s", directory, pins_map_names[0]);
	return count && count < PINS_MAPS && pins_is_unused(path);
}

static int pins_unpin_maps(const char *directory)
{
	char path[PINS_PATH_SIZE];
	int error = 0;

	for (unsigned i = PINS_MAPS; i-- > 0;) {
		snprintf(path, sizeof(path), "%.200s/%s", directory, pins_map_names[i]);
		if (unlink(path) && errno != ENOENT && !error)
			error = -errno;
		crash_point("pins-map-unpinned");
	}
	/* Left by an agent that was killed in pin_widen. */
	snprintf(path, sizeof(path), "%.200s/" PIN_NEW_PREFIX "counters", directory);
	unlink(path);
	return error;
}

static enum pins_error pins_fail(const char *directory, int error, char *message, size_t size)
{
	if (error == -EWOULDBLOCK) {
		snprintf(message, size,
			 "%s: another agent holds these pins; stop it first, or name another place "
			 "with --bpffs",
			 directory);
		return PINS_LOCKED;
	}
	if (error == -EPERM || error == -EACCES) {
		snprintf(message, size, "%s: %s: run as root", directory, strerror(-error));
		return PINS_DENIED;
	}
	snprintf(message, size,
		 "%s: %s: the maps could not be created there; name another bpf file system with "
		 "--bpffs",
		 directory, strerror(-error));
	errno = -error;
	return PINS_SYSTEM;
}

enum pins_error pins_make(const char *bpffs, struct pins *ret, bool *ret_adopted, char *message,
			  size_t size)
{
	char directory[PINS_PATH_SIZE], links[PINS_PATH_SIZE];
	enum pins_error result;
	int lock_fd, error;
	struct pins pins;

	/* Foreign or unusable objects are found before anything is created. */
	snprintf(directory, sizeof(directory), "%.200s/vfsteer", bpffs);
	result = pins_open_adopted(bpffs, false, &pins, message, size);
	if (result == PINS_OK)
		pins_close(&pins);
	else if (result != PINS_ABSENT &&
		 !(result == PINS_UNREADABLE && pins_are_unfinished(directory)))
		return result;
	snprintf(links, sizeof(links), "%.220s/links", directory);
	error = pins_make_directory(directory);
	if (error)
		return pins_fail(directory, error, message, size);
	crash_point("pins-directory-made");
	lock_fd = pins_lock(bpffs);
	if (lock_fd < 0)
		return pins_fail(directory, lock_fd, message, size);
	crash_point("pins-locked");
	/* Under the lock no other process creates any. */
	result = pins_open_adopted(bpffs, true, &pins, message, size);
	if (result == PINS_UNREADABLE && pins_are_unfinished(directory)) {
		pins_unpin_maps(directory);
		result = PINS_ABSENT;
	}
	*ret_adopted = result == PINS_OK;
	error = result == PINS_OK || result == PINS_ABSENT ? pins_make_directory(links) : 0;
	crash_point("pins-links-directory-made");
	if (!error && result == PINS_ABSENT) {
		error = pins_make_maps(directory);
		if (error)
			pins_remove_directory(directory);
		else
			result = pins_open_adopted(bpffs, true, &pins, message, size);
	}
	if (!error && *ret_adopted)
		error = pins_grow_counters(&pins);
	if (error || result != PINS_OK) {
		if (result == PINS_OK)
			pins_close(&pins);
		close(lock_fd);
		return error ? pins_fail(directory, error, message, size) : result;
	}
	pins.directory_fd = lock_fd;
	*ret = pins;
	return PINS_OK;
}

void pins_link_path(const struct pins *pins, const char *name, int ifindex, char *path, size_t size)
{
	/* bpffs refuses dots, and ifnames may have them, so links are named by ifindex. */
	if (ifindex)
		snprintf(path, size, "%.180s/links/%s-%d", pins->directory, name, ifindex);
	else
		snprintf(path, size, "%.180s/links/%s", pins->directory, name);
}

int pins_link_ifindex(const char *name)
{
	const char *dash = strrchr(name, '-');
	const char *digits = dash ? dash + 1 : name;
	unsigned long ifindex = strtoul(digits, NULL, 10);

	return !*digits || digits[strspn(digits, "0123456789")] || ifindex > INT_MAX ? 0
										     : (int)ifindex;
}

unsigned pins_sweep_links(const struct pins *pins, const char *prefix,
			  bool (*keep)(const char *rest, void *argument), void *argument)
{
	char links[PINS_PATH_SIZE];
	struct dirent *entry;
	unsigned swept = 0;
	DIR *stream;

	snprintf(links, sizeof(links), "%.200s/links", pins->directory);
	stream = opendir(links);
	if (!stream)
		return 0;
	while ((entry = readdir(stream))) {
		if (strncmp(entry->d_name, prefix, strlen(prefix)) || entry->d_name[0] == '.')
			continue;
		if (keep && keep(entry->d_name + strlen(prefix), argument))
			continue;
		/* A directory is not one of our links. It is removed as well, if it is empty. */
		if (!unlinkat(dirfd(stream), entry->d_name, 0) ||
		    !unlinkat(dirfd(stream), entry->d_name, AT_REMOVEDIR))
			swept++;
		crash_point("pins-link-swept");
	}
	closedir(stream);
	return swept;
}

int pins_remove_directory(const char *directory)
{
	struct pins pins = { 0 };
	char path[PINS_PATH_SIZE];
	int error = 0, step_error;

	snprintf(pins.directory, sizeof(pins.directory), "%s", directory);
	pins_sweep_links(&pins, "", NULL, NULL);
	snprintf(path, sizeof(path), "%.200s/links", directory);
	if (rmdir(path) && errno != ENOENT)
		error = -errno;
	crash_point("pins-links-directory-removed");
	step_error = port_pins_unpin(directory);
	if (!error)
		error = step_error;
	step_error = pins_unpin_maps(directory);
	if (!error)
		error = step_error;
	/*
	 * A service that may write only in this directory has it as a mount point on a read-only
	 * file system: see command_unload.c.
	 */
	if (rmdir(directory) && errno != ENOENT && errno != EROFS && errno != EBUSY && !error)
		error = -errno;
	return error;
}

int pins_remove(struct pins *pins)
{
	int error = pins_remove_directory(pins->directory);

	pins_close(pins);
	return error;
}
