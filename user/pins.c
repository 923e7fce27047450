/* SPDX-License-Identifier: GPL-2.0-only */
/* What is in the opened pins: pairs, their words, their counters. */
#include "pins.h"
#include "clock.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The word as the compare-and-swap sees it. */
typedef uint64_t __attribute__((may_alias)) word_t;

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void pins_close(struct pins *pins)
{
	if (pins->pairs)
		munmap(pins->pairs, pins->mapping_size);
	pins->pairs = NULL;
	close_fd(&pins->pairs_fd);
	close_fd(&pins->counters_fd);
	close_fd(&pins->events_fd);
	close_fd(&pins->directory_fd);
}

int pins_find(const struct pins *pins, const char *standby)
{
	for (unsigned i = 0; *standby && i < pins->capacity; i++)
		if (!strncmp(pins->pairs[i].standby, standby, VFSTEER_NAME_SIZE))
			return (int)i;
	return -1;
}

static struct vfsteer_state state_from_word(uint64_t word)
{
	struct vfsteer_state state;

	memcpy(&state, &word, sizeof(state));
	return state;
}

static uint64_t state_to_word(struct vfsteer_state state)
{
	uint64_t word;

	memcpy(&word, &state, sizeof(word));
	return word;
}

struct vfsteer_state pins_state(const struct pins *pins, unsigned slot)
{
	return state_from_word(__atomic_load_n((const word_t *)&pins->pairs[slot].state, __ATOMIC_ACQUIRE));
}

/* The kernel stamps too, and its switch may follow ours before our stamp does: time only goes forward. */
static void stamp_switch(struct vfsteer_pair *pair)
{
	word_t *stamp = (word_t *)&pair->last_switch_boot_ns;
	uint64_t seen = __atomic_load_n(stamp, __ATOMIC_RELAXED), now_ns = clock_now_ns(CLOCK_BOOTTIME);

	while (seen < now_ns &&
	       !__atomic_compare_exchange_n(stamp, &seen, now_ns, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
}

bool pins_state_change(const struct pins *pins, unsigned slot, struct vfsteer_state *expected,
		       struct vfsteer_state wanted)
{
	struct vfsteer_pair *pair = &pins->pairs[slot];
	bool switched = wanted.active != expected->active;
	uint64_t word = state_to_word(*expected);

	wanted.switches = expected->switches + switched;
	if (!switched)
		wanted.cause = expected->cause;
	if (!__atomic_compare_exchange_n((word_t *)&pair->state, &word, state_to_word(wanted), false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE)) {
		*expected = state_from_word(word);
		return false;
	}
	*expected = wanted;
	if (switched)
		stamp_switch(pair);
	return true;
}

/* Room for one entry of the counters map: the kernel copies those of every possible CPU. */
static int counters_new(struct vfsteer_counters **ret, unsigned *ret_cpus)
{
	/* Only this call logs by itself; an agent's own logging of libbpf stays as it was. */
	libbpf_print_fn_t print = libbpf_set_print(NULL);
	int cpus = libbpf_num_possible_cpus();

	libbpf_set_print(print);
	if (cpus < 0)
		return cpus;
	*ret = calloc((size_t)cpus, sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	*ret_cpus = (unsigned)cpus;
	return 0;
}

int pins_counters(const struct pins *pins, unsigned slot, struct vfsteer_counters *ret)
{
	struct vfsteer_counters sum = { 0 }, *of_cpus;
	unsigned cpus;
	int err = counters_new(&of_cpus, &cpus);

	if (err)
		return err;
	if (bpf_map_lookup_elem(pins->counters_fd, &slot, of_cpus)) {
		err = -errno;
		goto out;
	}
	for (unsigned cpu = 0; cpu < cpus; cpu++) {
		const __u64 *from = (const __u64 *)&of_cpus[cpu];
		__u64 *to = (__u64 *)&sum;

		for (size_t i = 0; i < sizeof(sum) / sizeof(*to); i++)
			to[i] += from[i];
	}
	*ret = sum;
out:
	free(of_cpus);
	return err;
}

int pins_set_counters(const struct pins *pins, unsigned slot, const struct vfsteer_counters *counters)
{
	struct vfsteer_counters *of_cpus;
	unsigned cpus;
	int err = counters_new(&of_cpus, &cpus);

	if (err)
		return err;
	of_cpus[0] = *counters;
	if (bpf_map_update_elem(pins->counters_fd, &slot, of_cpus, BPF_EXIST))
		err = -errno;
	free(of_cpus);
	return err;
}
