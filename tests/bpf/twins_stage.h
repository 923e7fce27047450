/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * twins_stage: steer_stage with frames of any content, of which is asked whether the receive rule
 * (bpf/twins.h) delivers them.
 */
#ifndef TWINS_STAGE_H
#define TWINS_STAGE_H

#include "steer_stage.h"

#include <time.h>

#define ROUNDS 150
#define FRAME_MAX 3300 /* BPF_PROG_TEST_RUN takes a page */

struct wire_frame {
	uint8_t bytes[FRAME_MAX];
	unsigned size, gso_size, segments;
};

static unsigned seed;

static unsigned below(unsigned limit)
{
	return (unsigned)rand_r(&seed) % limit;
}

static bool is_delivered(const struct wire_frame *frame, enum vfsteer_path path)
{
	struct __sk_buff skb = { .ifindex = if_nametoindex(path == PATH_PRIMARY ? "pr0" : "st0"),
				 .gso_size = frame->gso_size,
				 .gso_segs = frame->segments };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame->bytes,
		    .data_size_in = frame->size, .ctx_in = &skb, .ctx_size_in = sizeof(skb),
		    .repeat = 1);
	struct bpf_program *program = path == PATH_PRIMARY ? world.steer->progs.primary_ingress
							   : world.steer->progs.standby_ingress;

	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(program), &options), 0);
	assert_true(options.retval == TC_ACT_SHOT || (int)options.retval == TAKEN ||
		    options.retval == TC_ACT_REDIRECT);
	return options.retval != TC_ACT_SHOT;
}

static uint64_t boot_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Both wires are compared, as after a switchover. */
static void set_compared(enum vfsteer_path active)
{
	struct vfsteer_pair pair;

	set(&(struct setting){ active });
	pair = pair_get(SLOT);
	pair.rx_compares_primary = pair.rx_compares_standby = 1;
	pair.last_switch_boot_ns = boot_ns();
	pair_put(SLOT, &pair);
}

/* @tests with each variant that compares frames in its own way. Returns main's exit status. */
static int run_twins(const struct CMUnitTest *tests, size_t count)
{
	static const variant_elf_t objects[] = { steer_bpf__elf_bytes,
						 steer_without_cas_bpf__elf_bytes,
						 steer_without_btf_bpf__elf_bytes };
	int failures = 0;

	setbuf(stdout, NULL);
	seed = getenv("SEED") ? (unsigned)atoi(getenv("SEED")) : (unsigned)time(NULL);
	printf("# SEED=%u\n", seed);
	if (!namespace_enter())
		return 77;
	if (system(devices)) {
		printf("the veths could not be made\n");
		return 1;
	}
	world.liveness = LIVENESS_WORD;
	for (size_t i = 0; i < COUNT(objects); i++) {
		world.elf = objects[i];
		failures += _cmocka_run_group_tests("twins", tests, count, setup, teardown);
	}
	return failures != 0;
}

#endif
