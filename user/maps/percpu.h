/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * percpu: a per-CPU array map of counters (64-bit words), as one sum. Counters are only ever appended, so the map of another version has fewer or
 * more of them, and those that both have stand in the same place.
 */
#ifndef MAPS_PERCPU_H
#define MAPS_PERCPU_H

#include <linux/types.h>
#include <stddef.h>

/* Sums entry @index over all CPUs into the @size bytes of *ret; what the map does not have is zero. Returns 0 or -errno, *ret untouched. */
int percpu_sum(int map_fd, __u32 index, void *ret, size_t size);

/* Makes entry @index zero. Nobody may be counting meanwhile. Returns 0 or -errno. */
int percpu_clear(int map_fd, __u32 index);

/* Bytes of an entry for one CPU, or -errno. */
int percpu_entry_size(int map_fd);

/* Copies the first @count entries of one map to another, which has as many counters or more. Returns 0 or -errno. */
int percpu_copy(int from_fd, int to_fd, __u32 count);

#endif
