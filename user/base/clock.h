/* SPDX-License-Identifier: GPL-2.0-only */
/* clock: the time that all rooms measure in. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_NS_PER_MS 1000000ULL
#define CLOCK_NS_PER_S 1000000000ULL

/*
 * Returns the time of @clock now, in ns. CLOCK_BOOTTIME is the clock that bpf_ktime_get_boot_ns
 * (Linux 5.8) reads in BPF programs.
 */
static inline uint64_t clock_now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * CLOCK_NS_PER_S + (uint64_t)now.tv_nsec;
}

#endif
