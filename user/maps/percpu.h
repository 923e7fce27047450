/* SPDX-License-Identifier: GPL-2.0-only */
/* percpu: a per-CPU array map of counters (64-bit words), as one sum. */
#ifndef MAPS_PERCPU_H
#define MAPS_PERCPU_H

#include <linux/types.h>
#include <stddef.h>

/* Sums entry @index, of @size bytes, over all CPUs into *ret. Returns 0 or -errno, *ret untouched. */
int percpu_sum(int map_fd, __u32 index, void *ret, size_t size);

/* Makes entry @index, of @size bytes, zero. Nobody may be counting meanwhile. Returns 0 or -errno. */
int percpu_clear(int map_fd, __u32 index, size_t size);

#endif
