/* SPDX-License-Identifier: GPL-2.0-only */
/* The contents of opened pins: pairs, state words, counters. */
#include "maps/pins.h"
#include "base/clock.h"
#include "maps/percpu.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The state word as the compare-and-swap sees it. */
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
	close_fd(&pins->twins_fd);
	close_fd(&pins->twins_key_fd);
	close_fd(&pins->own_macs_fd);
	close_fd(&pins->events_fd);
	close_fd(&pins->directory_fd);
}

unsigned pins_slots_used(const struct pins *pins)
{
	__u32 used = __atomic_load_n(&pins->pairs[0].slots_used, __ATOMIC_ACQUIRE);

	return used < VFSTEER_MAX_PAIRS ? used : VFSTEER_MAX_PAIRS;
}

int pins_find(const struct pins *pins, const char *name)
{
	for (unsigned i = 0; *name && i < VFSTEER_MAX_PAIRS; i++)
		if (!strncmp(pins->pairs[i].standby, name, VFSTEER_NAME_SIZE) ||
		    !strncmp(pins->pairs[i].owner, name, VFSTEER_NAME_SIZE))
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
	return state_from_word(
		__atomic_load_n((const word_t *)&pins->pairs[slot].state, __ATOMIC_ACQUIRE));
}

/*
 * The kernel stamps too. Its switchover may follow ours before our stamp: the time never goes back.
 */
static void stamp_switch(struct vfsteer_pair *pair)
{
	word_t *stamp = (word_t *)&pair->last_switch_boot_ns;
	uint64_t seen = __atomic_load_n(stamp, __ATOMIC_RELAXED),
		 now_ns = clock_now_ns(CLOCK_BOOTTIME);

	while (seen < now_ns && !__atomic_compare_exchange_n(stamp, &seen, now_ns, false,
							     __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
}

void pins_expect_twins(const struct pins *pins, unsigned slot)
{
	struct vfsteer_pair *pair = &pins->pairs[slot];

	__atomic_store_n(&pair->rx_inactive_boot_ms, (uint32_t)(clock_now_ns(CLOCK_BOOTTIME) >> 20),
			 __ATOMIC_RELEASE);
	pair->rx_compares_primary = pair->rx_compares_standby = 1;
}

bool pins_state_change(const struct pins *pins, unsigned slot, struct vfsteer_state *expected,
		       struct vfsteer_state wanted)
{
	struct vfsteer_pair *pair = &pins->pairs[slot];
	bool switched = wanted.active != expected->active;
	uint64_t word = state_to_word(*expected);

	/*
	 * The previous device may receive the same frames as the new one. This is set before the
	 * change: needless comparing loses nothing.
	 */
	if (switched)
		pair->rx_compares_primary = pair->rx_compares_standby = 1;
	wanted.switches = expected->switches + switched;
	if (!switched)
		wanted.cause = expected->cause;
	if (!__atomic_compare_exchange_n((word_t *)&pair->state, &word, state_to_word(wanted),
					 false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		*expected = state_from_word(word);
		return false;
	}
	*expected = wanted;
	if (switched) {
		stamp_switch(pair);
		/* Again: a frame on the formerly active wire may have cleared one in between. */
		pair->rx_compares_primary = pair->rx_compares_standby = 1;
	}
	return true;
}

int pins_counters(const struct pins *pins, unsigned slot, struct vfsteer_counters *ret)
{
	return percpu_sum(pins->counters_fd, slot, ret, sizeof(*ret));
}

int pins_clear_counters(const struct pins *pins, unsigned slot)
{
	return percpu_clear(pins->counters_fd, slot);
}
