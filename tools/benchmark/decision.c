/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the steering decision itself costs: steer_egress under bpf_prog_test_run beside a program
 * that only returns, in one process, alternating. Prints one JSON object of nanoseconds per run:
 * medians over ROUNDS.
 *
 * It makes a network namespace of its own, so that the liveness check finds a device to look at.
 */
#include "maps.skel.h"
#include "steer.skel.h"
#include "vfsteer.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 21
#define REPEAT 200000

static const char setup[] =
	"ip link add st0 address 52:54:00:00:00:01 type veth peer name st1 && "
	"ip link add pr0 address 52:54:00:00:00:01 type veth peer name pr1 && "
	"ip link set st0 up && ip link set st1 up && ip link set pr0 up && ip link set pr1 up && "
	"while ! ip link show pr0 | grep -q 'state UP'; do sleep 0.05; done";

/* A UDP packet of 64 bytes, as far as the program looks. */
static unsigned char frame[64] = { 0x52, 0x54, 0, 0, 0, 2,    0x52, 0x54, 0,
				   0,	 0,    1, 8, 0, 0x45, 0,    0,	  50 };

static int run_once(int fd, unsigned *ret_ns)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = sizeof(frame),
		    .repeat = REPEAT);
	int error = bpf_prog_test_run_opts(fd, &options);

	*ret_ns = options.duration;
	return error;
}

static int compare(const void *a, const void *b)
{
	return (int)*(const unsigned *)a - (int)*(const unsigned *)b;
}

static unsigned median(unsigned *values)
{
	qsort(values, ROUNDS, sizeof(*values), compare);
	return values[ROUNDS / 2];
}

static int load_empty(void)
{
	const struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = -1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "empty", "GPL", program, 2, NULL);
}

static struct steer_bpf *load_steer(struct maps_bpf *maps, unsigned liveness)
{
	struct steer_bpf *steer = steer_bpf__open();

	if (!steer)
		return NULL;
	steer->rodata->alive_by = liveness;
	bpf_map__reuse_fd(steer->maps.pairs, bpf_map__fd(maps->maps.pairs));
	bpf_map__reuse_fd(steer->maps.counters, bpf_map__fd(maps->maps.counters));
	bpf_map__reuse_fd(steer->maps.events, bpf_map__fd(maps->maps.events));
	if (!steer_bpf__load(steer))
		return steer;
	steer_bpf__destroy(steer);
	return NULL;
}

static int make_pair(struct maps_bpf *maps, enum vfsteer_path active)
{
	struct vfsteer_pair pair = {
		.state = { .active = active, .primary = PRIMARY_READY },
		.standby = "st0",
		.primary = "pr0",
		.standby_ifindex = if_nametoindex("st0"),
		.owner_ifindex = if_nametoindex("st0"),
		.primary_ifindex = if_nametoindex("pr0"),
		.standby_has_carrier = 1,
	};
	__u32 slot = 0;

	return bpf_map_update_elem(bpf_map__fd(maps->maps.pairs), &slot, &pair, BPF_ANY);
}

int main(void)
{
	static const char *const names[] = {
		[LIVENESS_WORD] = "word", [LIVENESS_KFUNC] = "kfunc", [LIVENESS_PROBE] = "probe"
	};
	struct maps_bpf *maps;
	int empty;

	libbpf_set_print(NULL);
	if (unshare(CLONE_NEWNET) || system(setup)) {
		fprintf(stderr, "decision: cannot make a network namespace with veths: %s\n",
			strerror(errno));
		return 1;
	}
	maps = maps_bpf__open_and_load();
	empty = load_empty();
	if (!maps || empty < 0) {
		fprintf(stderr, "decision: cannot load BPF: %s\n", strerror(errno));
		return 1;
	}
	printf("{");
	for (unsigned liveness = LIVENESS_WORD; liveness <= LIVENESS_PROBE; liveness++) {
		struct steer_bpf *steer = load_steer(maps, liveness);
		unsigned with[ROUNDS], to_standby[ROUNDS], without[ROUNDS], receive[ROUNDS];

		if (!steer)
			continue;
		for (int i = 0; i < ROUNDS; i++) {
			int egress = bpf_program__fd(steer->progs.steer_egress);

			if (make_pair(maps, PATH_PRIMARY) || run_once(egress, &with[i]) ||
			    run_once(empty, &without[i]) ||
			    run_once(bpf_program__fd(steer->progs.primary_ingress), &receive[i]) ||
			    make_pair(maps, PATH_STANDBY) || run_once(egress, &to_standby[i]))
				return 1;
		}
		printf("%s\"%s\": {\"empty\": %u, \"egress_primary\": %u, \"egress_standby\": %u, "
		       "\"ingress_primary\": %u}",
		       liveness == LIVENESS_WORD ? "" : ", ", names[liveness], median(without),
		       median(with), median(to_standby), median(receive));
		steer_bpf__destroy(steer);
	}
	printf("}\n");
	return 0;
}
