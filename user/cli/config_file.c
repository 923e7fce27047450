/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/file.h"
#include "cli/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int config_read(const char *path, struct options *options, char *message, size_t size)
{
	char *text = malloc(CONFIG_FILE_SIZE + 1);
	ssize_t length = text ? file_read(path, text, CONFIG_FILE_SIZE + 1) : -ENOMEM;
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
