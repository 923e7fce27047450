/* SPDX-License-Identifier: GPL-2.0-only */
/* file: reads small files whole. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Reads the first line of @path, without its end, into @ret (@size bytes, with a NUL). False: there
 * is no such file, it cannot be read, or it is empty.
 */
bool file_read_line(const char *path, char *ret, size_t size);

/*
 * Reads at most @size bytes of a regular file into @text, without a NUL. Returns their number, or
 * -errno; -EINVAL: it is no regular file. Does not wait for the writer of a FIFO.
 */
ssize_t file_read(const char *path, char *text, size_t size);

#endif
