/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hold: keeps the removal of a primary waiting until the agent has announced the switch, and a little longer for what
 * the network had already sent to the primary: a guest that says nothing itself is unreachable until the announcement,
 * and what waits in the ring of a device that is closed is lost.
 *
 * A program cannot sleep here, so it spins: only in process context, only where another CPU can run the agent, and for no longer
 * than hold_limit_ns, agent or no agent. Interrupts stay on, so the primary goes on receiving.
 */
#ifndef HOLD_H
#define HOLD_H

#include "maps.h"
#include <stdbool.h>

const volatile __u64 hold_limit_ns = 0;  /* 0: do not hold (one CPU) */
const volatile __u64 hold_settle_ns = 0; /* from the announcement on */

/*
 * Three loops, one within the other: each is short enough for the verifier to follow, and as global functions it looks at each of them once
 * (Linux 5.6), so that the steps multiply while the time to load adds up. Four million steps are more than the limit has time
 * for.
 */
#define HOLD_STEPS 160

#define HOLD_LOOP _Pragma("clang loop unroll(disable)") for (int i = 0; i < HOLD_STEPS; i++)

/* Each returns 1 when the wait is over, 0 when its steps are. @until_announced: of the switch of @slot, or else until the time alone. */
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
