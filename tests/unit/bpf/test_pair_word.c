/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The word without compare-and-swap (bpf/pair.h), compiled for this machine: it is stopped after
 * each of its instructions in turn (the trap flag), the agent or another CPU acts at that point,
 * and it goes on. What it must never lose is judged after each of these runs.
 */
#include "maps/pins.h"
#include "policy/policy.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

#include <cmocka.h>

/* The helpers, in place of <bpf/bpf_helpers.h>. */
#define __BPF_HELPERS__
#define SEC(name)
#define __uint(name, value) int(*name)[value]
#define __type(name, value) typeof(value) *name

static struct vfsteer_pair slot_zero;
static unsigned told; /* events */

static void *bpf_map_lookup_elem(const void *map, const void *key)
{
	(void)map, (void)key;
	return &slot_zero;
}

static __u64 bpf_ktime_get_boot_ns(void)
{
	return 77;
}

static long bpf_ringbuf_output(const void *map, const void *data, __u64 size, __u64 flags)
{
	(void)map, (void)data, (void)size, (void)flags;
	told++;
	return 0;
}

#define PAIR_WITHOUT_CAS
#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
int pair_leave_primary(__u32 slot, __u32 primary_state, __u32 cause);
#include "../../../bpf/pair.h"

static const struct pins pins = { .pairs = &slot_zero };

#define NOW_NS 100
static const struct policy_limits limits = { .leaving_timeout_ns = 1000 };

/* What the agent makes of the word as it is, with a primary that looks fit. */
static struct vfsteer_state agent_decides(struct vfsteer_state state)
{
	const struct policy_view view = {
		.state = state,
		.primary_exists = true,
		.primary_is_read = true,
		.primary_prepared = true,
		.primary_matches = true,
		.primary_running = true,
		.primary_carrier = true,
		.now_ns = NOW_NS,
		.leaving_since_ns = slot_zero.primary_leaving_boot_ns,
	};

	return policy_decide(&view, &limits).wanted;
}

/*
 * Who comes in between. Each acts on the word as it stands, but for the agent's switch: that was
 * decided before.
 */
static struct vfsteer_state seen; /* by the agent, before the program began */
static bool agent_moved;

static void agent_moves_to_the_primary(void)
{
	struct vfsteer_state expected = seen, wanted = agent_decides(seen);

	agent_moved =
		wanted.active != seen.active && pins_state_change(&pins, 0, &expected, wanted);
}

static void agent_changes(enum vfsteer_path active, int primary, int admin)
{
	struct vfsteer_state state = pins_state(&pins, 0), wanted;

	do {
		wanted = state;
		wanted.active = active == PATH_STANDBY ? PATH_STANDBY : wanted.active;
		if (primary >= 0)
			wanted.primary = primary;
		if (admin >= 0)
			wanted.admin = admin;
		if (wanted.active != state.active)
			wanted.cause = CAUSE_OPERATOR;
	} while (!pins_state_change(&pins, 0, &state, wanted));
}

static void agent_moves_off_the_primary(void)
{
	agent_changes(PATH_STANDBY, -1, -1);
}

static void agent_notes_absent(void)
{
	agent_changes(PATH_STANDBY, PRIMARY_ABSENT, -1);
}

static void operator_requests(void)
{
	agent_changes(PATH_PRIMARY, -1, ADMIN_STANDBY);
}

static void another_cpu_warns(void)
{
	pair_leave_primary(0, PRIMARY_LEAVING, CAUSE_UNPLUG);
}

static void another_cpu_finds_it_down(void)
{
	pair_leave_primary(0, PRIMARY_DOWN, CAUSE_CARRIER_LOST);
}

/* Stops after @stop_after instructions of the program and runs @intruder there. */
static volatile unsigned steps, stop_after;
static void (*volatile intruder)(void);

static void on_step(int signal, siginfo_t *info, void *context)
{
	(void)signal, (void)info, (void)context;
	if (steps++ == stop_after)
		intruder();
}

#ifdef __x86_64__
/* The flags pass below the red zone, which belongs to the function around. */
#define WITH_FLAGS(change)                                                                         \
	"lea -128(%%rsp), %%rsp; pushfq; " change ", (%%rsp); popfq; lea 128(%%rsp), %%rsp"

static void single_step(bool on)
{
	if (on)
		__asm__ volatile(WITH_FLAGS("orq $0x100")::: "memory", "cc");
	else
		__asm__ volatile(WITH_FLAGS("andq $~0x100")::: "memory", "cc");
}

static const bool can_single_step = true;
#else
static void single_step(bool on)
{
	(void)on;
}

static const bool can_single_step = false;
#endif

/* One run from @before; returns false when the program was over before @stop. */
static bool run(struct vfsteer_state before, enum vfsteer_primary_state news, void (*who)(void),
		unsigned stop)
{
	memset(&slot_zero, 0, sizeof(slot_zero));
	slot_zero.state = seen = before;
	told = steps = agent_moved = 0;
	stop_after = stop;
	intruder = who;
	single_step(true);
	pair_leave_primary(0, news, news == PRIMARY_LEAVING ? CAUSE_UNPLUG : CAUSE_CARRIER_LOST);
	single_step(false);
	return steps > stop;
}

static void
every_interruption(struct vfsteer_state before, enum vfsteer_primary_state news, void (*who)(void),
		   void (*judge)(struct vfsteer_state before, enum vfsteer_primary_state news))
{
	unsigned stop = 0;

	while (run(before, news, who, stop)) {
		judge(before, news);
		stop++;
	}
	/* The program's own instructions, and nothing else, were gone through. */
	assert_in_range(stop, 20, 2000);
}

static void judge(struct vfsteer_state before, enum vfsteer_primary_state news)
{
	struct vfsteer_state state = pins_state(&pins, 0);
	bool warned = news == PRIMARY_LEAVING || intruder == another_cpu_warns;

	assert_int_equal(state.active, PATH_STANDBY);
	assert_int_equal(state.admin, intruder == operator_requests ? ADMIN_STANDBY : before.admin);
	/*
	 * Whatever the word says of the primary, an event has asked the agent to look again, if
	 * there was anything left to report.
	 */
	assert_true(told || state.primary == PRIMARY_ABSENT);
	if (warned && intruder != agent_notes_absent)
		assert_int_equal(agent_decides(state).primary, PRIMARY_LEAVING);
	assert_int_not_equal(agent_decides(state).active, PATH_PRIMARY);
	/* No switch is forgotten; one that two have seen may count twice. */
	if (before.active == PATH_PRIMARY)
		assert_in_range(state.switches, before.switches + 1, before.switches + 2);
	else
		assert_int_equal(state.switches, before.switches + (agent_moved ? 2 : 0));
}

static void test_every_instruction(void **context)
{
	static void (*const intruders[])(void) = {
		agent_moves_to_the_primary, agent_moves_off_the_primary, agent_notes_absent,
		operator_requests,	    another_cpu_warns,		 another_cpu_finds_it_down,
	};
	static const struct vfsteer_state words[] = {
		{ PATH_PRIMARY, PRIMARY_READY, ADMIN_AUTO, CAUSE_PRIMARY_READY, 41 },
		{ PATH_STANDBY, PRIMARY_READY, ADMIN_AUTO, CAUSE_CARRIER_LOST, 41 },
		{ PATH_STANDBY, PRIMARY_READY, ADMIN_PRIMARY, CAUSE_OPERATOR, UINT32_MAX - 2 },
	};
	static const enum vfsteer_primary_state news[] = { PRIMARY_DOWN, PRIMARY_LEAVING };
	const struct sigaction action = { .sa_sigaction = on_step, .sa_flags = SA_SIGINFO };

	(void)context;
	if (!can_single_step)
		skip();
	assert_int_equal(sigaction(SIGTRAP, &action, NULL), 0);
	for (size_t i = 0; i < sizeof(intruders) / sizeof(*intruders); i++)
		for (size_t j = 0; j < sizeof(words) / sizeof(*words); j++)
			for (size_t k = 0; k < sizeof(news) / sizeof(*news); k++)
				every_interruption(words[j], news[k], intruders[i], judge);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_instruction) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
