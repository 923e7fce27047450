/* SPDX-License-Identifier: GPL-2.0-only */
/* percpu: per-CPU array maps of counters (64-bit words). */
#ifndef MAPS_PERCPU_H
#define MAPS_PERCPU_H

#include <linux/types.h>
#include <stddef.h>

/*
 * Sums entry @index, of @size bytes, over all CPUs into *ret. Returns 0 or -errno, *ret untouched.
 */
int percpu_sum(int map_fd, __u32 index, void *ret, size_t size);

/*
 * Sets entry @index, of @size bytes, to zero. No program may count in it during the call. Returns 0
 * or -errno.
 */
int percpu_clear(int map_fd, __u32 index, size_t size);

#endif
