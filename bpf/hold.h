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

const volatile __u64 hold_limit_ns = 0;  /* 0: do not hold (one CPU, or no bpf_loop, Linux 5.17) */
const volatile __u64 hold_settle_ns = 0; /* from the announcement on */

#define HOLD_STEPS_MAX (1 << 23) /* the kernel's BPF_MAX_LOOPS; time ends it long before */

struct hold {
	__u64 deadline_ns;
	__u64 announced_ns;
	__u32 slot;
};

static long hold_step(__u32 step, struct hold *hold)
{
	const volatile struct vfsteer_pair *pair = bpf_map_lookup_elem(&pairs, &hold->slot);
	__u64 now = bpf_ktime_get_boot_ns();

	if (!pair || now >= hold->deadline_ns)
		return 1;
	if (!hold->announced_ns) {
		if (pair->announced_switches == pair->state.switches)
			hold->announced_ns = now;
		return 0;
	}
	return now >= hold->announced_ns + hold_settle_ns;
}

static __always_inline void hold_until_announced(__u32 slot)
{
	struct hold hold = { .slot = slot };

	if (!hold_limit_ns)
		return;
	hold.deadline_ns = bpf_ktime_get_boot_ns() + hold_limit_ns;
	bpf_loop(HOLD_STEPS_MAX, hold_step, &hold, 0);
}

#endif
