/* SPDX-License-Identifier: GPL-2.0-only */
#include "maps/pin.h"
#include "base/crash_point.h"
#include "maps/percpu.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum pins_error pin_fail(char *message, size_t size, enum pins_error error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, size, format, arguments);
	va_end(arguments);
	return error;
}

bool pin_is_denied(int error)
{
	return error == EACCES || error == EPERM;
}

/* BPF_OBJ_GET also opens pinned programs and links: their info must not be read as a map's. */
static bool pin_is_map(int fd)
{
	char path[64], target[64];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return false;
	target[length] = '\0';
	return strstr(target, "bpf-map") != NULL;
}

enum pins_error pin_open(const char *directory, const struct pin_layout *layout, bool writable,
			 int *ret_fd, char *message, size_t size)
{
	LIBBPF_OPTS(bpf_obj_get_opts, options, .file_flags = writable ? 0 : BPF_F_RDONLY);
	char path[PINS_PATH_SIZE + 24];

	snprintf(path, sizeof(path), "%s/%s", directory, layout->name);
	*ret_fd = bpf_obj_get_opts(path, &options);
	if (*ret_fd >= 0)
		return PINS_OK;
	*ret_fd = -1;
	if (errno == ENOENT)
		return pin_fail(message, size, PINS_ABSENT,
				"nothing is pinned under %s: start 'vfsteer run'", directory);
	/*
	 * BPF_OBJ_GET returns EACCES also for a file that is no BPF object; then access(2)
	 * succeeds.
	 */
	if (errno == EPERM || (errno == EACCES && access(path, writable ? R_OK | W_OK : R_OK)))
		return pin_fail(message, size, PINS_DENIED,
				"%s: permission denied; run this as root", path);
	if (errno == EACCES || errno == EINVAL)
		return pin_fail(message, size, PINS_UNREADABLE,
				"%s: not a map, so not ours; 'vfsteer unload' removes it", path);
	return pin_fail(message, size, PINS_SYSTEM, "%s: %m%s", path,
			errno == EROFS ? "; mount the bpf file system so that it can be written "
					 "to: mount -o remount,rw"
				       : "");
}

enum pins_error pin_check(const char *directory, const struct pin_layout *layout, int fd,
			  char *message, size_t size)
{
	struct bpf_map_info info = { 0 };
	__u32 info_size = sizeof(info);

	if (!pin_is_map(fd))
		return pin_fail(message, size, PINS_UNREADABLE,
				"%s/%s: not a map, so not ours; 'vfsteer unload' removes it",
				directory, layout->name);
	if (bpf_obj_get_info_by_fd(fd, &info, &info_size)) {
		if (pin_is_denied(errno))
			return pin_fail(message, size, PINS_DENIED,
					"%s/%s: permission denied; run this as root", directory,
					layout->name);
		return pin_fail(message, size, PINS_SYSTEM, "%s/%s: %m", directory, layout->name);
	}
	/* The kernel truncates a map's name to 15 characters (BPF_OBJ_NAME_LEN). */
	if (info.type != layout->type || strncmp(info.name, layout->name, sizeof(info.name) - 1))
		return pin_fail(message, size, PINS_UNREADABLE,
				"%s/%s: a map that is not ours; 'vfsteer unload' removes it",
				directory, layout->name);
	if (info.key_size != layout->key_size ||
	    (layout->grows ? !info.value_size || info.value_size % sizeof(__u64) :
			     info.value_size != layout->value_size) ||
	    (layout->entries && info.max_entries != layout->entries) ||
	    (info.map_flags & layout->flags) != layout->flags)
		return pin_fail(message, size, PINS_FOREIGN_VERSION,
				"%s/%s: pinned by another version of vfsteer; 'vfsteer unload', "
				"then 'vfsteer run'",
				directory, layout->name);
	return PINS_OK;
}

int pin_widen(const char *directory, const struct pin_layout *layout, int *fd, int new_fd)
{
	char path[PINS_PATH_SIZE + 24], new_path[PINS_PATH_SIZE + 24];
	int error = percpu_copy(*fd, new_fd, layout->entries), copy;

	if (error)
		return error;
	copy = fcntl(new_fd, F_DUPFD_CLOEXEC, 0);
	if (copy < 0)
		return -errno;
	snprintf(path, sizeof(path), "%s/%s", directory, layout->name);
	snprintf(new_path, sizeof(new_path), "%s/" PIN_NEW_PREFIX "%s", directory, layout->name);
	/* Left by an agent that was killed here. */
	unlink(new_path);
	error = bpf_obj_pin(new_fd, new_path) ? -errno : 0;
	crash_point("pin-widened");
	if (!error && rename(new_path, path)) {
		error = -errno;
		unlink(new_path);
	}
	if (error) {
		close(copy);
		return error;
	}
	crash_point("pin-renamed");
	close(*fd);
	*fd = copy;
	return 0;
}
