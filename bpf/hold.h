/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hold: delays the removal of a primary until the agent has announced the switchover, and a little
 * longer for the frames that the network had already sent to the primary. A guest that sends
 * nothing is unreachable until the announcement. Frames in the ring of a device that is closed are
 * lost.
 *
 * A program cannot sleep here, so it spins: only in process context, only if another CPU can run
 * the agent, and at most for hold_limit_ns, with or without an agent. Interrupts stay enabled, so
 * the primary still receives.
 */
#ifndef HOLD_H
#define HOLD_H

#include "maps.h"
#include <stdbool.h>

const volatile __u64 hold_limit_ns = 0;  /* 0: do not hold (one CPU) */
const volatile __u64 hold_settle_ns = 0; /* after the announcement */

/*
 * Three nested loops. Each is short enough for the verifier, which checks a global function once
 * (Linux 5.6): so the steps multiply, but the load times only add up. Four million steps take
 * longer than the limit.
 */
#define HOLD_STEPS 160

#define HOLD_LOOP _Pragma("clang loop unroll(disable)") for (int i = 0; i < HOLD_STEPS; i++)

/*
 * Each returns 1 at the end of the wait, 0 at the end of its steps. @until_announced: the wait also
 * ends with the announcement of the switchover of @slot.
 */
__attribute__((noinline)) int hold_briefly(__u32 slot, __u64 deadline_ns, __u32 until_announced)
{
	HOLD_LOOP
	{
		const volatile struct vfsteer_pair *pair = bpf_map_lookup_elem(&pairs, &slot);

		if (!pair || bpf_ktime_get_boot_ns() >= deadline_ns)
			return 1;
		if (until_announced && pair->announced_switches == pair->state.switches)
			return 1;
	}
	return 0;
}

__attribute__((noinline)) int hold_longer(__u32 slot, __u64 deadline_ns, __u32 until_announced)
{
	HOLD_LOOP
	if (hold_briefly(slot, deadline_ns, until_announced))
		return 1;
	return 0;
}

__attribute__((noinline)) int hold_until(__u32 slot, __u64 deadline_ns, __u32 until_announced)
{
	HOLD_LOOP
	if (hold_longer(slot, deadline_ns, until_announced))
		return 1;
	return 0;
}

static __always_inline void hold_until_announced(__u32 slot)
{
	__u64 deadline_ns, settled_ns;

	if (!hold_limit_ns)
		return;
	deadline_ns = bpf_ktime_get_boot_ns() + hold_limit_ns;
	hold_until(slot, deadline_ns, true);
	settled_ns = bpf_ktime_get_boot_ns() + hold_settle_ns;
	hold_until(slot, settled_ns < deadline_ns ? settled_ns : deadline_ns, false);
}

#endif
