/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pins: the pinned maps under <bpffs>/vfsteer, opened for reading or for the agent, and the pair's word.
 * Everything that `status`, `switch` and `unload` know without an agent comes from here.
 */
#ifndef MAPS_PINS_H
#define MAPS_PINS_H

#include "vfsteer.h"
#include <stdbool.h>
#include <stddef.h>

#define PINS_PATH_SIZE 256

struct pins {
	char directory[PINS_PATH_SIZE]; /* "<bpffs>/vfsteer" */
	int directory_fd;               /* holds the agent's lock; -1 when not locked */
	int pairs_fd, counters_fd, twins_fd, twins_key_fd, own_macs_fd, events_fd;
	struct vfsteer_pair
		*pairs; /* the mapping of the pairs map, VFSTEER_MAX_PAIRS of them, shared with the kernel */
	size_t mapping_size;
};

enum pins_error {
	PINS_OK,
	PINS_NO_BPFFS,        /* the directory given is not on a bpf file system */
	PINS_ABSENT,          /* nothing of ours is pinned there */
	PINS_DENIED,          /* no privilege to read or map them */
	PINS_UNREADABLE,      /* something is pinned there that is not ours, or a pin is missing */
	PINS_FOREIGN_VERSION, /* ours, of another VFSTEER_ABI_VERSION or layout */
	PINS_LOCKED,          /* an agent holds them */
	PINS_SYSTEM,          /* anything else: errno tells */
};

/*
 * Opens what is pinned under @bpffs (a path of 172 characters at most) and checks type, sizes and ABI version. @writable maps the pairs for the word to be
 * changed. On PINS_OK the caller ends with pins_close. On failure *ret is untouched and @message (of @size bytes)
 * holds "what: why; what to do" for the user, without the leading "vfsteer: ". Reading takes write permission on the
 * pairs pin too: the kernel maps no BPF map from a descriptor opened with BPF_F_RDONLY (mmap: EINVAL).
 */
enum pins_error pins_open(const char *bpffs, bool writable, struct pins *ret, char *message, size_t size);
void pins_close(struct pins *pins);

/* pin_widen (pin.h) for the counters. */
int pins_widen_counters(struct pins *pins, int new_fd);

/*
 * Takes the agent's lock on <bpffs>/vfsteer, which must exist. Returns the directory's descriptor, which holds the
 * lock until it is closed; -EWOULDBLOCK when another agent has it; or another -errno. Tries for some milliseconds:
 * pins_agent_runs in another process takes the same lock for an instant.
 */
int pins_lock(const char *bpffs);

/* True when an agent holds the lock on the directory. Also in the agent itself, once it has called pins_lock. */
bool pins_agent_runs(const char *bpffs);

/* No slot from this one on is in use: at most VFSTEER_MAX_PAIRS, whatever stands in the map. */
unsigned pins_slots_used(const struct pins *pins);

/* Slot of the pair whose owner or standby has the ifname @name, or -1. */
int pins_find(const struct pins *pins, const char *name);

/* An atomic copy of the word of @slot. */
struct vfsteer_state pins_state(const struct pins *pins, unsigned slot);

/*
 * The two wires may bring the same from now on: unicast is compared on both for a second, and for as long as the inactive one
 * brings some (bpf/twins.h). A switch does the same by itself.
 */
void pins_expect_twins(const struct pins *pins, unsigned slot);

/*
 * Compare-and-swap: replaces the word by @wanted if it still is *expected; otherwise *expected becomes what it is.
 * @wanted.switches and the time of the switch are seen to here: a change of active counts one and stamps the pair;
 * without one, the cause stays that of the last switch. On success *expected is the word that now stands.
 */
bool pins_state_change(const struct pins *pins, unsigned slot, struct vfsteer_state *expected, struct vfsteer_state wanted);

/* Sums the counters of @slot over all CPUs. Returns 0 or -errno. */
int pins_counters(const struct pins *pins, unsigned slot, struct vfsteer_counters *ret);

/* Sets the counters of @slot to zero, for a pair that moves in. Returns 0 or -errno. */
int pins_clear_counters(const struct pins *pins, unsigned slot);

#endif
