/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the kernel side changes a pair's word: away from the primary, never towards it.
 *
 * By compare-and-swap where BPF has it. BPF before Linux 5.12 knows plain stores and additions without a result; built with
 * PAIR_WITHOUT_CAS the programs make do with these, and the agent goes on using compare-and-swap on the whole word. That is
 * enough because the two sides want different things. What is stored here is narrow and says the same whatever stood there before:
 *
 *   active and primary   together, one store of two bytes: { standby, down or leaving }
 *   cause, one byte, and switches, an atomic addition: by who found the primary active, or finds afterwards that it has been meanwhile
 *
 * admin, the operator's wish, is not in any of these stores. What may happen between the look at the word and the stores:
 *
 * - The agent moves to the primary. It does so only from { standby, ready }. Its swap comes after our store, and fails, since that has
 *   changed `primary` as well; or before, and our store undoes it. Nobody saw the primary active then, but switches has changed: the switch back is
 *   counted, and hence announced, as any other.
 * - The agent moves off the primary. active stays the standby; the switch is counted and announced twice.
 * - The agent notes that the primary is absent, or joining. Our state stands instead until the agent, woken by the event, has looked again:
 *   it knows these two from the devices and not from the word.
 * - Another CPU stores. active is the standby either way; switches may count it twice. Down may come to stand over leaving: hence
 *   primary_leaving_boot_ns, stored before and by warnings alone, counts for the agent whatever the word says (policy.h).
 * - The agent swaps between our stores. It sees active and primary as they will be, with cause and count still to come, and cannot go
 *   to the primary without having looked at the device anew. Additions are never lost: they and its swap are atomic to each other.
 * - The operator's wish is written. It is not in our stores; its swap fails and is tried again where it meets one.
 *
 * So active never stays on a primary that a program has moved away from, every switch is announced, and what can be wrong for a moment is
 * wrong in words only: the cause, or one switch too many. tests/unit/bpf/test_pair_word.c goes through these cases instruction by instruction.
 *
 * The barrier counts for the watch programs, on several CPUs at once. Only x86 has those before Linux 6.0; elsewhere steer_egress alone
 * comes here, which has seen the primary active.
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

_Static_assert(offsetof(struct vfsteer_state, active) == 0 && offsetof(struct vfsteer_state, primary) == 1,
	       "active and primary are stored as one");

static __always_inline union pair_word pair_word_read(const struct vfsteer_pair *pair)
{
	return (union pair_word){ .word = *(const volatile __u64 *)&pair->state };
}

/* Read apart from the word where no more is asked. */
static __always_inline enum vfsteer_path pair_active_read(const struct vfsteer_pair *pair)
{
	return *(const volatile enum vfsteer_path *)&pair->state.active;
}

static __always_inline enum vfsteer_primary_state pair_primary_state_read(const struct vfsteer_pair *pair)
{
	return *(const volatile enum vfsteer_primary_state *)&pair->state.primary;
}

/* Read once for one packet: the agent may change it between the check and the redirect. */
static __always_inline __u32 pair_primary_read(const struct vfsteer_pair *pair)
{
	return *(const volatile __u32 *)&pair->primary_ifindex;
}

static __always_inline void pair_tell(__u32 slot, enum vfsteer_event_kind kind, enum vfsteer_cause cause)
{
	struct vfsteer_event event = {
		.boot_ns = bpf_ktime_get_boot_ns(),
		.slot = slot,
		.kind = kind,
		.cause = cause,
	};

	/*
	 * A full ring means that no agent reads it. The word is what counts, the event only wakes: by itself (flags 0) whoever waits for the ring only
	 * when all before it was read. The agent's main thread, which reads, may be waiting for RTNL; the announcers are to wake at each switch all the
	 * same. Of all other kinds only the main thread makes something.
	 */
	bpf_ringbuf_output(&events, &event, sizeof(event), kind == EVENT_SWITCHED ? BPF_RB_FORCE_WAKEUP : 0);
}

/*
 * On x86 an addition is also the barrier between a store above and a look below. The compiler is
 * not to know that it adds nothing.
 */
static __always_inline void pair_barrier(struct vfsteer_pair *pair)
{
	__u64 nothing = 0;

	asm volatile("" : "+r"(nothing));
	__sync_fetch_and_add(&pair->state.switches, nothing);
}

#ifdef PAIR_WITHOUT_CAS
/* *@old becomes what was really replaced, as far as that shows. */
static __always_inline bool pair_word_change(struct vfsteer_pair *pair, union pair_word *old, union pair_word new,
					     enum vfsteer_cause cause)
{
	volatile struct vfsteer_state *state = &pair->state;

	/* A state of the primary that is not ours to change may be newer than the one we saw. */
	if (new.state.primary == old->state.primary)
		state->active = new.state.active;
	else
		*(volatile __u16 *)state = new.active_and_primary;
	pair_barrier(pair);
	if (pair_word_read(pair).state.switches != old->state.switches)
		old->state.active = PATH_PRIMARY;
	if (old->state.active == PATH_PRIMARY) {
		state->cause = cause;
		/* Last: it is what the announcement waits for. */
		__sync_fetch_and_add(&pair->state.switches, 1);
	}
	return true;
}
#else
static __always_inline bool pair_word_change(struct vfsteer_pair *pair, union pair_word *old, union pair_word new,
					     enum vfsteer_cause cause)
{
	return __sync_val_compare_and_swap((__u64 *)&pair->state, old->word, new.word) == old->word;
}
#endif

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

		/* The old wire may bring what the new one does: see twins.h. */
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
			pair_tell(slot, EVENT_STATE, cause);
			return 0;
		}
		pair->last_switch_boot_ns = now;
		/* Again: see twins_compare_no_more. */
		pair->rx_compares_primary = pair->rx_compares_standby = 1;
		pair_tell(slot, EVENT_SWITCHED, cause);
		return 1;
	}
	return 0;
}

#endif
