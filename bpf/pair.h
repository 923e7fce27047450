/* SPDX-License-Identifier: GPL-2.0-only */
/* How the kernel side changes a pair's word: away from the primary, never towards it, by compare-and-swap. */
#ifndef PAIR_H
#define PAIR_H

#include "maps.h"

#define PAIR_CAS_TRIES 8

union pair_word {
	struct vfsteer_state state;
	__u64 word;
};

static __always_inline union pair_word pair_word_read(const struct vfsteer_pair *pair)
{
	return (union pair_word){ .word = *(const volatile __u64 *)&pair->state };
}

static __always_inline void pair_tell(__u32 slot, enum vfsteer_event_kind kind, enum vfsteer_cause cause)
{
	struct vfsteer_event event = {
		.boot_ns = bpf_ktime_get_boot_ns(),
		.slot = slot,
		.kind = kind,
		.cause = cause,
	};

	/* A full ring means that no agent reads it. The word is what counts, the event only wakes. */
	bpf_ringbuf_output(&events, &event, sizeof(event), 0);
}

/*
 * Moves the pair in @slot off its primary and notes the primary's new state. Idempotent: the same news twice
 * changes nothing. A primary that is leaving stays so whatever else is heard of it while it is torn down; one that is joining has
 * not been up yet.
 * A global function, so that the verifier looks at it once and not along every path of every caller.
 * Returns 1 when active changed, 0 otherwise.
 */
__attribute__((noinline)) int pair_leave_primary(__u32 slot, __u32 primary_state, __u32 cause)
{
	struct vfsteer_pair *pair = bpf_map_lookup_elem(&pairs, &slot);
	__u64 now;

	if (!pair)
		return 0;
	now = bpf_ktime_get_boot_ns();
	if (primary_state == PRIMARY_LEAVING)
		pair->primary_leaving_boot_ns = now;
	for (int i = 0; i < PAIR_CAS_TRIES; i++) {
		union pair_word old = pair_word_read(pair), new = old;

		if (primary_state == PRIMARY_LEAVING || old.state.primary == PRIMARY_READY)
			new.state.primary = primary_state;
		if (old.state.active == PATH_PRIMARY) {
			new.state.active = PATH_STANDBY;
			new.state.cause = cause;
			new.state.switches++;
		}
		if (new.word == old.word)
			return 0;
		if (__sync_val_compare_and_swap((__u64 *)&pair->state, old.word, new.word) != old.word)
			continue;
		if (old.state.active != PATH_PRIMARY) {
			pair_tell(slot, EVENT_STATE, cause);
			return 0;
		}
		pair->last_switch_boot_ns = now;
		pair_tell(slot, EVENT_SWITCHED, cause);
		return 1;
	}
	return 0;
}

#endif
