/* SPDX-License-Identifier: GPL-2.0-only */
/* The pins: found, checked, opened, locked. */
#include "maps/pin.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

/* Leaves room in PINS_PATH_SIZE for "links/" and a link's name, 48 characters at most. */
#define PINS_DIRECTORY_LENGTH 180
#define LOCK_TRIES 20
#define LOCK_PAUSE_NS 5000000

/*
 * An array map's elements lie at multiples of 8 bytes. Ours have such sizes, so a C array describes
 * the mapping.
 */
_Static_assert(sizeof(struct vfsteer_pair) % 8 == 0, "stride of the pairs map");
_Static_assert(sizeof(struct vfsteer_counters) % 8 == 0, "stride of the counters map");

enum { PIN_PAIRS, PIN_COUNTERS, PIN_TWINS, PIN_TWINS_KEY, PIN_OWN_MACS, PIN_EVENTS, PIN_COUNT };

static const struct pin_layout layouts[PIN_COUNT] = {
	[PIN_PAIRS] = { "pairs", BPF_MAP_TYPE_ARRAY, 4, sizeof(struct vfsteer_pair), BPF_F_MMAPABLE,
			VFSTEER_MAX_PAIRS, false },
	[PIN_COUNTERS] = { "counters", BPF_MAP_TYPE_PERCPU_ARRAY, 4,
			   sizeof(struct vfsteer_counters), 0, VFSTEER_MAX_PAIRS, true },
	[PIN_TWINS] = { "twins", BPF_MAP_TYPE_ARRAY, 4, sizeof(struct vfsteer_twins), 0,
			VFSTEER_TWINS_BUCKETS, false },
	[PIN_TWINS_KEY] = { "twins_key", BPF_MAP_TYPE_ARRAY, 4, sizeof(struct vfsteer_twins_key), 0,
			    1, false },
	[PIN_OWN_MACS] = { "own_macs", BPF_MAP_TYPE_HASH, sizeof(struct vfsteer_own_mac), 1,
			   BPF_F_NO_PREALLOC, VFSTEER_MAX_OWN_MACS, false },
	[PIN_EVENTS] = { "events", BPF_MAP_TYPE_RINGBUF, 0, 0, 0, 0, false },
};

/* What pins_open fills, and where its error message goes. */
struct opening {
	struct pins pins;
	int fds[PIN_COUNT];
	char *message;
	size_t message_size;
};

__attribute__((format(printf, 3, 4))) static enum pins_error
fail(struct opening *opening, enum pins_error error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(opening->message, opening->message_size, format, arguments);
	va_end(arguments);
	return error;
}

static bool directory_path(const char *bpffs, char path[PINS_PATH_SIZE])
{
	int length = snprintf(path, PINS_PATH_SIZE, "%s/vfsteer", bpffs);

	return length > 0 && length <= PINS_DIRECTORY_LENGTH;
}

static enum pins_error check_directory(struct opening *opening, const char *bpffs)
{
	const char *directory = opening->pins.directory;
	struct statfs fs;
	struct stat status;

	if (statfs(bpffs, &fs)) {
		if (errno == ENOENT || errno == ENOTDIR)
			return fail(
				opening, PINS_NO_BPFFS,
				"%s: no such directory; name the mount point of a bpf file system",
				bpffs);
		if (pin_is_denied(errno))
			return fail(opening, PINS_DENIED, "%s: permission denied; run this as root",
				    bpffs);
		return fail(opening, PINS_SYSTEM,
			    "%s: %m; name the mount point of a bpf file system", bpffs);
	}
	if ((unsigned long)fs.f_type != BPF_FS_MAGIC)
		return fail(opening, PINS_NO_BPFFS,
			    "%s: not a bpf file system; mount one: mount -t bpf bpf %s", bpffs,
			    bpffs);
	if (lstat(directory, &status)) {
		if (errno == ENOENT)
			return fail(opening, PINS_ABSENT,
				    "nothing is pinned under %s: start 'vfsteer run'", directory);
		if (pin_is_denied(errno))
			return fail(opening, PINS_DENIED, "%s: permission denied; run this as root",
				    directory);
		return fail(opening, PINS_SYSTEM, "%s: %m", directory);
	}
	if (!S_ISDIR(status.st_mode))
		return fail(opening, PINS_UNREADABLE, "%s: not a directory, so not ours; remove it",
			    directory);
	/*
	 * On a bpf file system mounted without mode=, every user can create directories, and could
	 * delete the pins in them.
	 */
	if (status.st_uid && status.st_uid != geteuid())
		return fail(
			opening, PINS_UNREADABLE,
			"%s: it belongs to user %u, so it is not ours; 'vfsteer unload' removes it",
			directory, status.st_uid);
	return PINS_OK;
}

static enum pins_error open_pins(struct opening *opening, bool writable)
{
	unsigned absent = 0, missing = 0;

	for (unsigned i = 0; i < PIN_COUNT; i++) {
		enum pins_error error =
			pin_open(opening->pins.directory, &layouts[i], writable || i == PIN_PAIRS,
				 &opening->fds[i], opening->message, opening->message_size);

		if (error == PINS_ABSENT) {
			absent++;
			missing = i;
		} else if (error != PINS_OK) {
			return error;
		}
	}
	if (absent == PIN_COUNT)
		return PINS_ABSENT;
	if (absent)
		return fail(opening, PINS_UNREADABLE,
			    "%s/%s: this pin is missing; 'vfsteer unload' removes the others",
			    opening->pins.directory, layouts[missing].name);
	return PINS_OK;
}

static enum pins_error check_maps(struct opening *opening)
{
	for (unsigned i = 0; i < PIN_COUNT; i++) {
		enum pins_error error =
			pin_check(opening->pins.directory, &layouts[i], opening->fds[i],
				  opening->message, opening->message_size);

		if (error != PINS_OK)
			return error;
	}
	return PINS_OK;
}

static enum pins_error map_pairs(struct opening *opening, bool writable)
{
	struct pins *pins = &opening->pins;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *mapping;

	pins->mapping_size =
		(VFSTEER_MAX_PAIRS * sizeof(struct vfsteer_pair) + page - 1) & ~(page - 1);
	mapping = mmap(NULL, pins->mapping_size, writable ? PROT_READ | PROT_WRITE : PROT_READ,
		       MAP_SHARED, opening->fds[PIN_PAIRS], 0);
	if (mapping == MAP_FAILED) {
		if (pin_is_denied(errno))
			return fail(opening, PINS_DENIED,
				    "%s/pairs: permission to map it denied; run this as root",
				    pins->directory);
		return fail(opening, PINS_SYSTEM, "%s/pairs: mapping it: %m", pins->directory);
	}
	pins->pairs = mapping;
	return PINS_OK;
}

static enum pins_error check_version(struct opening *opening, __u32 oldest)
{
	const struct pins *pins = &opening->pins;

	for (unsigned slot = 0; slot < VFSTEER_MAX_PAIRS; slot++) {
		__u32 version = pins->pairs[slot].abi_version;

		if (version >= oldest && version <= VFSTEER_ABI_VERSION)
			continue;
		return fail(opening, PINS_FOREIGN_VERSION,
			    "%s: its layout has version %u, this vfsteer reads %u; %s",
			    pins->directory, version, VFSTEER_ABI_VERSION,
			    version == VFSTEER_ABI_ADOPTED
				    ? "'vfsteer run' adopts it"
				    : "'vfsteer unload', then 'vfsteer run'");
	}
	return PINS_OK;
}

static enum pins_error open_version(const char *bpffs, bool writable, __u32 oldest,
				    struct pins *ret, char *message, size_t size)
{
	struct opening opening = {
		.pins.directory_fd = -1,
		.fds = { -1, -1, -1, -1, -1, -1 },
		.message = message,
		.message_size = size,
	};
	enum pins_error error;

	if (!directory_path(bpffs, opening.pins.directory))
		return fail(
			&opening, PINS_SYSTEM,
			"--bpffs: longer than %d characters; name a directory with a shorter path",
			PINS_DIRECTORY_LENGTH - (int)strlen("/vfsteer"));

	error = check_directory(&opening, bpffs);
	if (error == PINS_OK)
		error = open_pins(&opening, writable);
	if (error == PINS_OK)
		error = check_maps(&opening);
	if (error == PINS_OK)
		error = map_pairs(&opening, writable);
	if (error == PINS_OK)
		error = check_version(&opening, oldest);

	opening.pins.pairs_fd = opening.fds[PIN_PAIRS];
	opening.pins.counters_fd = opening.fds[PIN_COUNTERS];
	opening.pins.twins_fd = opening.fds[PIN_TWINS];
	opening.pins.twins_key_fd = opening.fds[PIN_TWINS_KEY];
	opening.pins.own_macs_fd = opening.fds[PIN_OWN_MACS];
	opening.pins.events_fd = opening.fds[PIN_EVENTS];
	if (error == PINS_OK)
		*ret = opening.pins;
	else
		pins_close(&opening.pins);
	return error;
}

enum pins_error pins_open(const char *bpffs, bool writable, struct pins *ret, char *message,
			  size_t size)
{
	return open_version(bpffs, writable, VFSTEER_ABI_VERSION, ret, message, size);
}

enum pins_error pins_open_adopted(const char *bpffs, bool writable, struct pins *ret, char *message,
				  size_t size)
{
	return open_version(bpffs, writable, VFSTEER_ABI_ADOPTED, ret, message, size);
}

int pins_widen_counters(struct pins *pins, int new_fd)
{
	return pin_widen(pins->directory, &layouts[PIN_COUNTERS], &pins->counters_fd, new_fd);
}

static int open_directory(const char *bpffs)
{
	char path[PINS_PATH_SIZE];
	int fd;

	if (!directory_path(bpffs, path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int pins_lock(const char *bpffs)
{
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE_NS };
	int fd = open_directory(bpffs);
	int err = 0;

	if (fd < 0)
		return fd;
	for (unsigned i = 0; i < LOCK_TRIES; i++) {
		if (!flock(fd, LOCK_EX | LOCK_NB))
			return fd;
		err = -errno;
		if (err != -EWOULDBLOCK && err != -EINTR)
			break;
		nanosleep(&pause, NULL);
	}
	close(fd);
	return err;
}

bool pins_agent_runs(const char *bpffs)
{
	int fd = open_directory(bpffs);
	bool locked;

	if (fd < 0)
		return false;
	/*
	 * A shared lock, so that two processes that ask at the same time do not take each other for
	 * the agent.
	 */
	locked = flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
	close(fd);
	return locked;
}
