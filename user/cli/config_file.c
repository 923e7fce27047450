/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

/*
 * Returns the number of bytes read into @text, CONFIG_FILE_SIZE + 1 if there are more, or -errno.
 * -EINVAL: not a regular file, since the agent must not wait for a writer.
 */
static ssize_t config_load(const char *path, char text[CONFIG_FILE_SIZE + 1])
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
	while (got > 0 && length <= CONFIG_FILE_SIZE) {
		got = read(fd, text + length, (size_t)(CONFIG_FILE_SIZE + 1 - length));
		length += got > 0 ? got : 0;
	}
	if (got < 0)
		length = -errno;
	close(fd);
	return length;
}

int config_read(const char *path, struct options *options, char *message, size_t size)
{
	char *text = malloc(CONFIG_FILE_SIZE + 1);
	ssize_t length = text ? config_load(path, text) : -ENOMEM;
	int error;

	if (length > CONFIG_FILE_SIZE) {
		error = -EFBIG;
		snprintf(message, size,
			 "%s: larger than %d KiB: not a configuration, name another file with "
			 "--config",
			 path, CONFIG_FILE_SIZE / 1024);
	} else if (length == -EINVAL) {
		error = -EINVAL;
		snprintf(message, size, "%s: not a regular file: name one with --config", path);
	} else if (length < 0) {
		error = (int)length;
		snprintf(message, size, "%s: %s: name a readable file with --config", path,
			 strerror(-error));
	} else {
		error = config_parse(path, text, (size_t)length, options, message, size);
	}
	free(text);
	return error;
}
