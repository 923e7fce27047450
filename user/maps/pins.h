/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pins: the pinned maps under <bpffs>/vfsteer, opened for reading or for the agent, and the state
 * words in them. Without an agent, `status`, `switch` and `unload` know only what is here.
 */
#ifndef MAPS_PINS_H
#define MAPS_PINS_H

#include "vfsteer.h"
#include <stdbool.h>
#include <stddef.h>

#define PINS_PATH_SIZE 256

struct pins {
	char directory[PINS_PATH_SIZE]; /* "<bpffs>/vfsteer" */
	int directory_fd;               /* holds the agent's lock; -1: not locked */
	int pairs_fd, counters_fd, twins_fd, twins_key_fd, own_macs_fd, events_fd;
	struct vfsteer_pair
		/*
		 * the mapping of the pairs map, VFSTEER_MAX_PAIRS of them, shared with the kernel
		 */
		*pairs;
	size_t mapping_size;
};

enum pins_error {
	PINS_OK,
	PINS_NO_BPFFS,        /* the given directory is not on a bpf file system */
	PINS_ABSENT,          /* nothing is pinned there */
	PINS_DENIED,          /* no privilege to read or map them */
	PINS_UNREADABLE,      /* a foreign object is pinned there, or a pin is missing */
	PINS_FOREIGN_VERSION, /* ours, of another VFSTEER_ABI_VERSION or layout */
	PINS_LOCKED,          /* an agent holds them */
	PINS_SYSTEM,          /* anything else: see errno */
};

/*
 * Opens the pins under @bpffs (a path of at most 172 characters) and checks types, sizes and ABI
 * version. @writable: the state words can be changed. On PINS_OK the caller ends with pins_close.
 * On failure *ret is untouched and @message (of @size bytes) is "what: why; what to do", without
 * the leading "vfsteer: ".
 *
 * Reading needs write permission on the pairs pin too: the kernel does not map a BPF map opened
 * with BPF_F_RDONLY (mmap: EINVAL).
 */
enum pins_error pins_open(const char *bpffs, bool writable, struct pins *ret, char *message,
			  size_t size);
/* The same, also of VFSTEER_ABI_ADOPTED: slot_repair makes this version of it. */
enum pins_error pins_open_adopted(const char *bpffs, bool writable, struct pins *ret, char *message,
				  size_t size);
/* Unmaps and closes all; the pins stay. */
void pins_close(struct pins *pins);

/* pin_widen (pin.h) for the counters. */
int pins_widen_counters(struct pins *pins, int new_fd);

/*
 * Takes the agent's lock on <bpffs>/vfsteer, which must exist. Returns the directory's descriptor,
 * which holds the lock until it is closed; -EWOULDBLOCK if another agent has it; or another -errno.
 * Retries for some milliseconds: pins_agent_runs takes the same lock briefly.
 */
int pins_lock(const char *bpffs);

/* Does an agent hold the lock on the directory? True also in the agent itself after pins_lock. */
bool pins_agent_runs(const char *bpffs);

/* All slots from this one on are free. At most VFSTEER_MAX_PAIRS, whatever the map says. */
unsigned pins_slots_used(const struct pins *pins);

/* Returns the slot of the pair whose owner or standby has the ifname @name, or -1. */
int pins_find(const struct pins *pins, const char *name);

/* Returns an atomic copy of the state word of @slot. */
struct vfsteer_state pins_state(const struct pins *pins, unsigned slot);

/*
 * From now on both devices may receive the same frames: compare unicast for a second, and as long
 * as the inactive device receives some (bpf/twins.h). A switchover does this itself.
 */
void pins_expect_twins(const struct pins *pins, unsigned slot);

/*
 * Compare-and-swap: replaces the state word by @wanted if it still is *expected; else *expected
 * becomes the current word. Sets @wanted.switches and the time of the switchover: a change of
 * active adds one and stamps the pair. Without a change of active, the cause stays that of the last
 * switchover. On success *expected is the new word.
 */
bool pins_state_change(const struct pins *pins, unsigned slot, struct vfsteer_state *expected,
		       struct vfsteer_state wanted);

/* Sums the counters of @slot over all CPUs. Returns 0 or -errno. */
int pins_counters(const struct pins *pins, unsigned slot, struct vfsteer_counters *ret);

/* Sets the counters of @slot to zero, before a pair takes it. Returns 0 or -errno. */
int pins_clear_counters(const struct pins *pins, unsigned slot);

#endif
