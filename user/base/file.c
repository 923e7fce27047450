/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool file_read_line(const char *path, char *ret, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return false;
	length = read(fd, ret, size - 1);
	close(fd);
	if (length <= 0)
		return false;
	ret[length] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
	return true;
}

ssize_t file_read(const char *path, char *text, size_t size)
{
	/* O_NONBLOCK: the open of a FIFO would wait for its writer. */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat status;
	ssize_t length = 0, got = 1;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) || !S_ISREG(status.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	while (got > 0 && (size_t)length < size) {
		got = read(fd, text + length, size - (size_t)length);
		length += got > 0 ? got : 0;
	}
	if (got < 0)
		length = -errno;
	close(fd);
	return length;
}
