/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

/* Returns how many bytes were read into @text, CONFIG_FILE_SIZE + 1 when there are more, or -errno. */
static ssize_t config_load(const char *path, char text[CONFIG_FILE_SIZE + 1])
{
	FILE *file = fopen(path, "re");
	ssize_t length;

	if (!file)
		return -errno;
	length = (ssize_t)fread(text, 1, CONFIG_FILE_SIZE + 1, file);
	if (ferror(file))
		length = -errno;
	fclose(file);
	return length;
}

int config_read(const char *path, struct options *options, char *message, size_t size)
{
	char *text = malloc(CONFIG_FILE_SIZE + 1);
	ssize_t length = text ? config_load(path, text) : -ENOMEM;
	int error;

	if (length > CONFIG_FILE_SIZE) {
		error = -EFBIG;
		snprintf(message, size, "%s: larger than %d KiB: this is no configuration, name another file with --config",
			 path, CONFIG_FILE_SIZE / 1024);
	} else if (length < 0) {
		error = (int)length;
		snprintf(message, size, "%s: %s: name a readable file with --config", path, strerror(-error));
	} else {
		error = config_parse(path, text, (size_t)length, options, message, size);
	}
	free(text);
	return error;
}
