/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * percpu: per-CPU array maps of counters (64-bit words). Counters are only ever appended: the map
 * of another version has fewer or more, and the common ones stand in the same place.
 */
#ifndef MAPS_PERCPU_H
#define MAPS_PERCPU_H

#include <linux/types.h>
#include <stddef.h>

/*
 * Sums entry @index over all CPUs into the @size bytes of *ret. Counters that the map lacks are
 * zero. Returns 0 or -errno, *ret untouched.
 */
int percpu_sum(int map_fd, __u32 index, void *ret, size_t size);

/* Sets entry @index to zero. No program may count in it during the call. Returns 0 or -errno. */
int percpu_clear(int map_fd, __u32 index);

/* Returns the bytes of an entry for one CPU, or -errno. */
int percpu_entry_size(int map_fd);

/*
 * Copies the first @count entries of a map to another map, which has as many counters or more.
 * Returns 0 or -errno.
 */
int percpu_copy(int from_fd, int to_fd, __u32 count);

#endif
