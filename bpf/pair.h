/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pair: how BPF changes the state word of a pair: away from the primary, never to it.
 *
 * BPF uses compare-and-swap from Linux 5.12 on. Before, it has plain stores, and additions that
 * return nothing. Programs built with PAIR_WITHOUT_CAS use these; the agent still uses
 * compare-and-swap on the whole word. That is sufficient, because the stores are narrow and do not
 * depend on what they replace:
 *
 *   active and primary   one store of two bytes: { standby, down or leaving }
 *   cause and switches   a store of one byte and an atomic addition, if the program found the
 *                        primary active, or finds afterwards that it became active in between
 *
 * No store contains admin. Between the read of the word and the stores:
 *
 * - The agent moves to the primary, which it does only from { standby, ready }. If its swap comes
 *   after our store, the swap fails, because `primary` has changed. If it comes before, our store
 *   undoes it. The change of switches shows that, so the way back is counted and announced.
 * - The agent moves off the primary. active stays the standby. The switchover is counted and
 *   announced twice.
 * - The agent sets absent or joining. Our state replaces that until our event wakes the agent. The
 *   agent decides these two states from the devices, not from the word.
 * - Another CPU stores. active is the standby either way. switches may count twice. down may
 *   replace leaving, so primary_leaving_boot_ns, stored before, decides for the agent (policy.h).
 * - The agent swaps between our stores. It reads the final active and primary, before cause and
 *   switches are complete. It cannot move to the primary without a fresh read of the device. An
 *   addition is never lost, because it and the swap are atomic.
 * - The operator sets admin. Our stores do not touch admin. A swap that fails is repeated.
 *
 * So active never stays on a primary that a program has left, and every switchover is announced.
 * Only the cause, or the number of switchovers, may be wrong. tests/unit/bpf/test_pair_word.c tests
 * these cases instruction by instruction.
 *
 * The barrier is for watch programs on several CPUs. Before Linux 6.0 only x86 has those. On other
 * machines only steer_egress, which has read an active primary, changes the word.
 */
#ifndef PAIR_H
#define PAIR_H

#include "maps.h"
#include <stdbool.h>
#include <stddef.h>

#define PAIR_CAS_TRIES 8

union pair_word {
	struct vfsteer_state state;
	__u64 word;
	__u16 active_and_primary;
};

_Static_assert(offsetof(struct vfsteer_state, active) == 0 &&
		       offsetof(struct vfsteer_state, primary) == 1,
	       "active and primary are stored as one");

static __always_inline union pair_word pair_word_read(const struct vfsteer_pair *pair)
{
	return (union pair_word){ .word = *(const volatile __u64 *)&pair->state };
}

/* A load of one byte, where the rest of the state word is not needed. */
static __always_inline enum vfsteer_path pair_active_read(const struct vfsteer_pair *pair)
{
	return *(const volatile enum vfsteer_path *)&pair->state.active;
}

static __always_inline enum vfsteer_primary_state
pair_primary_state_read(const struct vfsteer_pair *pair)
{
	return *(const volatile enum vfsteer_primary_state *)&pair->state.primary;
}

/* Read once per packet: the agent may change it between check and redirect. */
static __always_inline __u32 pair_primary_read(const struct vfsteer_pair *pair)
{
	return *(const volatile __u32 *)&pair->primary_ifindex;
}

static __always_inline void pair_send_event(__u32 slot, enum vfsteer_event_kind kind,
					    enum vfsteer_cause cause)
{
	struct vfsteer_event event = {
		.boot_ns = bpf_ktime_get_boot_ns(),
		.slot = slot,
		.kind = kind,
		.cause = cause,
	};

	/*
	 * A full ring means that no agent reads it, and the state word has all that matters. The
	 * event only wakes. By default (flags 0) that happens only if the reader has read all
	 * earlier events. The agent's main thread may be waiting for RTNL, and the announcers must
	 * wake at each switchover all the same. Only the main thread uses the other kinds.
	 */
	bpf_ringbuf_output(&events, &event, sizeof(event),
			   kind == EVENT_SWITCHED ? BPF_RB_FORCE_WAKEUP : 0);
}

/*
 * On x86 an addition is also the barrier between an earlier store and a later load. The compiler
 * must not see that it adds zero.
 */
static __always_inline void pair_barrier(struct vfsteer_pair *pair)
{
	__u64 nothing = 0;

	asm volatile("" : "+r"(nothing));
	__sync_fetch_and_add(&pair->state.switches, nothing);
}

#ifdef PAIR_WITHOUT_CAS
/* *@old becomes what was replaced, as far as BPF can see it. */
static __always_inline bool pair_word_change(struct vfsteer_pair *pair, union pair_word *old,
					     union pair_word new, enum vfsteer_cause cause)
{
	volatile struct vfsteer_state *state = &pair->state;

	/* Another state of the primary may be newer than the one that was read: keep it. */
	if (new.state.primary == old->state.primary)
		state->active = new.state.active;
	else
		*(volatile __u16 *)state = new.active_and_primary;
	pair_barrier(pair);
	if (pair_word_read(pair).state.switches != old->state.switches)
		old->state.active = PATH_PRIMARY;
	if (old->state.active == PATH_PRIMARY) {
		state->cause = cause;
		/* Last, because the announcement waits for it. */
		__sync_fetch_and_add(&pair->state.switches, 1);
	}
	return true;
}
#else
static __always_inline bool pair_word_change(struct vfsteer_pair *pair, union pair_word *old,
					     union pair_word new, enum vfsteer_cause cause)
{
	return __sync_val_compare_and_swap((__u64 *)&pair->state, old->word, new.word) == old->word;
}
#endif

/*
 * Moves the pair in @slot off its primary and sets the state of the primary. Idempotent. A primary
 * in state leaving keeps that state, whatever is reported while it is removed. A primary in state
 * joining was not up yet. Returns 1 if active changed, else 0. A global function, so that the
 * verifier checks it once and not for each caller.
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

		/* The old wire may now bring copies of the new one's frames: see twins.h. */
		if (old.state.active == PATH_PRIMARY)
			pair->rx_compares_primary = pair->rx_compares_standby = 1;
		if (primary_state == PRIMARY_LEAVING || old.state.primary == PRIMARY_READY)
			new.state.primary = primary_state;
		if (old.state.active == PATH_PRIMARY) {
			new.state.active = PATH_STANDBY;
			new.state.cause = cause;
			new.state.switches++;
		}
		if (new.word == old.word)
			return 0;
		if (!pair_word_change(pair, &old, new, cause))
			continue;
		if (old.state.active != PATH_PRIMARY) {
			pair_send_event(slot, EVENT_STATE, cause);
			return 0;
		}
		pair->last_switch_boot_ns = now;
		/* Again: see twins_compare_no_more. */
		pair->rx_compares_primary = pair->rx_compares_standby = 1;
		pair_send_event(slot, EVENT_SWITCHED, cause);
		return 1;
	}
	return 0;
}

#endif
