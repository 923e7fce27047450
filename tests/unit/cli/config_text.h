/* SPDX-License-Identifier: GPL-2.0-only */
/* config_text: a configuration file that has this text. */
#ifndef CONFIG_TEXT_H
#define CONFIG_TEXT_H

#include "cli/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static inline int read_text(const char *text, struct options *options, char *message, size_t size)
{
	char path[] = "/tmp/vfsteer-test-XXXXXX";
	int fd = mkstemp(path), error;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	error = config_read(path, options, message, size);
	/* The name differs from run to run: what follows it is compared. */
	if (error && !strncmp(message, path, strlen(path)))
		memmove(message, message + strlen(path), strlen(message + strlen(path)) + 1);
	unlink(path);
	return error;
}

#endif
