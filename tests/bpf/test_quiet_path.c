/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a packet of a quiet pair costs: the programs' instructions are executed here, one by one,
 * and counted. They are clang's (a look-up or a call is one), so the count is the same on every
 * kernel. `tools/bench breakdown` has those of the machine.
 */
#include "steer_stage.h"

#include <arpa/inet.h>
#include <linux/bpf.h>
#include <netinet/in.h>

#define STEPS_MAX 4000
#define STACK_SIZE 512
#define REDIRECTED TC_ACT_REDIRECT

struct machine {
	const struct bpf_insn *instructions;
	size_t count;
	struct vfsteer_pair pair;
	struct vfsteer_counters counters;
	uint8_t stack[STACK_SIZE];
	__u64 registers[11];
	unsigned steps;
	bool left; /* for a function that is not on the common way */
};

static __u64 machine_call(struct machine *machine, unsigned helper)
{
	int map = (int)machine->registers[1];

	switch (helper) {
	case BPF_FUNC_map_lookup_elem:
		assert_int_equal(*(const __u32 *)machine->registers[2], SLOT);
		if (map == bpf_map__fd(world.steer->maps.pairs))
			return (__u64)&machine->pair;
		assert_int_equal(map, bpf_map__fd(world.steer->maps.counters));
		return (__u64)&machine->counters;
	case BPF_FUNC_redirect:
		return REDIRECTED;
	default:
		machine->left = true;
		return 0;
	}
}

static __u64 machine_compute(unsigned operation, __u64 left, __u64 right)
{
	switch (operation) {
	case BPF_ADD:
		return left + right;
	case BPF_SUB:
		return left - right;
	case BPF_AND:
		return left & right;
	case BPF_OR:
		return left | right;
	case BPF_XOR:
		return left ^ right;
	case BPF_LSH:
		return left << right;
	case BPF_RSH:
		return left >> right;
	case BPF_MOV:
		return right;
	default:
		fail_msg("operation %#x is not known here", operation);
		return 0;
	}
}

static bool machine_jumps(unsigned operation, __u64 left, __u64 right)
{
	switch (operation) {
	case BPF_JA:
		return true;
	case BPF_JEQ:
		return left == right;
	case BPF_JNE:
		return left != right;
	case BPF_JGT:
		return left > right;
	case BPF_JGE:
		return left >= right;
	case BPF_JLT:
		return left < right;
	case BPF_JLE:
		return left <= right;
	case BPF_JSET:
		return left & right;
	default:
		fail_msg("jump %#x is not known here", operation);
		return false;
	}
}

static unsigned machine_width(unsigned code)
{
	return BPF_SIZE(code) == BPF_B	 ? 1
	       : BPF_SIZE(code) == BPF_H ? 2
	       : BPF_SIZE(code) == BPF_W ? 4
					 : 8;
}

static __u64 machine_constant(const struct bpf_insn *instruction)
{
	if (instruction->src_reg == BPF_PSEUDO_MAP_VALUE)
		return (__u64)world.steer->rodata + (__u32)instruction[1].imm;
	return (__u32)instruction->imm | (__u64)(__u32)instruction[1].imm << 32;
}

/* Executes the instruction at @at. Returns the next one's place. */
static size_t machine_step(struct machine *machine, size_t at)
{
	const struct bpf_insn *instruction = &machine->instructions[at];
	__u64 *to = &machine->registers[instruction->dst_reg];
	__u64 left = *to, right = BPF_SRC(instruction->code) == BPF_X
					  ? machine->registers[instruction->src_reg]
					  : (__u64)(__s64)instruction->imm;
	const void *from;
	unsigned class = BPF_CLASS(instruction->code), operation = BPF_OP(instruction->code);

	switch (class) {
	case BPF_LD:
		*to = machine_constant(instruction);
		return at + 2;
	case BPF_LDX:
		from = (const void *)(machine->registers[instruction->src_reg] + instruction->off);
		*to = 0;
		memcpy(to, from, machine_width(instruction->code));
		return at + 1;
	case BPF_STX:
		memcpy((void *)(left + instruction->off), &machine->registers[instruction->src_reg],
		       machine_width(instruction->code));
		return at + 1;
	case BPF_ALU:
		*to = (__u32)machine_compute(operation, (__u32)left, (__u32)right);
		return at + 1;
	case BPF_ALU64:
		*to = machine_compute(operation, left, right);
		return at + 1;
	default:
		break;
	}
	assert_true(class == BPF_JMP || class == BPF_JMP32);
	if (operation == BPF_CALL) {
		machine->left |= instruction->src_reg;
		machine->registers[0] = machine_call(machine, instruction->imm);
		return at + 1;
	}
	if (class == BPF_JMP32) {
		left = (__u32)left;
		right = (__u32)right;
	}
	return at + 1 + (machine_jumps(operation, left, right) ? instruction->off : 0);
}

/* The program's own instructions, without those of the functions that stand behind it. */
static size_t machine_own_count(const struct bpf_insn *instructions, size_t count)
{
	size_t end = count;

	for (size_t i = 0; i < end; i++)
		if (instructions[i].code == (BPF_JMP | BPF_CALL) &&
		    instructions[i].src_reg == BPF_PSEUDO_CALL && i + 1 + instructions[i].imm < end)
			end = i + 1 + instructions[i].imm;
	return end;
}

/*
 * What is saved for each packet, and restored: the registers 6 to 9 that are used, and the stack.
 */
static unsigned machine_saves(const struct machine *machine)
{
	size_t count = machine_own_count(machine->instructions, machine->count);
	bool uses[16] = { 0 };

	for (size_t i = 0; i < count; i++)
		uses[machine->instructions[i].dst_reg] = uses[machine->instructions[i].src_reg] =
			true;
	return 2 * (uses[6] + uses[7] + uses[8] + uses[9]) + uses[10];
}

static void check(struct bpf_program *program, const struct vfsteer_pair *pair,
		  struct __sk_buff *skb, int verdict, unsigned most)
{
	static struct machine machine;
	size_t at = 0;

	memset(&machine, 0, sizeof(machine));
	machine.instructions = bpf_program__insns(program);
	machine.count = bpf_program__insn_cnt(program);
	machine.pair = *pair;
	machine.registers[1] = (__u64)skb;
	machine.registers[10] = (__u64)machine.stack + sizeof(machine.stack);
	machine.steps = machine_saves(&machine) + 1;
	while (machine.instructions[at].code != (BPF_JMP | BPF_EXIT)) {
		assert_true(at < machine.count && machine.steps < STEPS_MAX);
		at = machine_step(&machine, at);
		machine.steps++;
		assert_false(machine.left);
	}
	assert_int_equal((int)machine.registers[0], verdict);
	printf("# %s: %u instructions, of which %u save\n", bpf_program__name(program),
	       machine.steps, machine_saves(&machine));
	assert_in_range(machine.steps, 1, most);
}

static struct vfsteer_pair quiet_pair(void)
{
	/* The inactive wire is always compared. */
	return (struct vfsteer_pair){ .state = { PATH_PRIMARY, PRIMARY_READY },
				      .primary_ifindex = 7,
				      .standby_ifindex = 8,
				      .rx_compares_standby = 1 };
}

static struct __sk_buff unicast(void)
{
	/* Addresses in it have 32 bits. */
	static uint8_t *frame;

	if (!frame)
		frame = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	assert_ptr_not_equal(frame, MAP_FAILED);
	frame[12] = 8;
	frame[14] = 0x45;
	frame[23] = IPPROTO_UDP;
	return (struct __sk_buff){ .len = 64,
				   .protocol = htons(ETH_P_IP),
				   .data = (__u32)(uintptr_t)frame,
				   .data_end = (__u32)(uintptr_t)frame + 64 };
}

/* Here and below: 49, 7, 68 and 51 before frames were taken from both wires and compared. */
static void test_received(void **context)
{
	struct vfsteer_pair pair = quiet_pair();
	struct __sk_buff skb = unicast();

	(void)context;
	check(world.steer->progs.primary_ingress_watched, &pair, &skb, REDIRECTED, 38);
	assert_int_equal(skb.tc_index, 0x7646);
	check(world.steer->progs.standby_ingress, &pair, &skb, TAKEN, 7);
	assert_int_equal(skb.tc_index, 0);
}

static void test_received_directly(void **context)
{
	struct vfsteer_pair pair = quiet_pair();
	struct __sk_buff skb = unicast();

	(void)context;
	pair.rx_direct = 1;
	check(world.steer->progs.primary_ingress_watched, &pair, &skb, TAKEN, 61);
}

/* With the liveness check that believes the pair's word: the others read the kernel's memory. */
static void test_sent(void **context)
{
	struct vfsteer_pair pair = quiet_pair();
	struct __sk_buff skb = unicast();

	(void)context;
	check(world.steer->progs.steer_egress, &pair, &skb, REDIRECTED, 39);
}

/*
 * A net_failover pair: the kernel hands over in place what the primary brings, and the program does
 * nothing but return. 32 and 14 while it counted.
 */
static void test_owner_received(void **context)
{
	struct vfsteer_pair pair = quiet_pair();
	struct __sk_buff skb = unicast();

	(void)context;
	check(world.steer->progs.owner_ingress, &pair, &skb, TAKEN, 15);
	/* What the standby has brought. */
	skb.tc_index = 0x7646;
	check(world.steer->progs.owner_ingress, &pair, &skb, TAKEN, 12);
	assert_int_equal(skb.tc_index, 0);
}

/* No primary: the standby is active, and its wire is not compared. */
static void test_standby_received(void **context)
{
	struct vfsteer_pair pair = { .standby_ifindex = 8, .owner_ifindex = 9 };
	struct __sk_buff skb = unicast();

	(void)context;
	check(world.steer->progs.standby_redirect, &pair, &skb, REDIRECTED, 51);
	assert_int_equal(skb.tc_index, 0x7646);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_received),
		cmocka_unit_test(test_received_directly),
		cmocka_unit_test(test_sent),
	};
	const struct CMUnitTest net_failover_tests[] = {
		cmocka_unit_test(test_owner_received),
		cmocka_unit_test(test_standby_received),
		cmocka_unit_test(test_sent),
	};
	int failures;

	setbuf(stdout, NULL);
	if (!namespace_enter())
		return 77;
	world.liveness = LIVENESS_WORD;
	world.elf = steer_bpf__elf_bytes;
	failures = cmocka_run_group_tests_name("quiet path", tests, setup, teardown);
	world.kind = KIND_NET_FAILOVER;
	failures += cmocka_run_group_tests_name("quiet path, net_failover", net_failover_tests,
						setup, teardown);
	return failures != 0;
}
