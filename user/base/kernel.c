/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/kernel.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <unistd.h>

/*
 * Loads a program that does one compare-and-swap on its stack: the verifier knows whether it can.
 */
static int kernel_try_compare_and_swap(void)
{
	const struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_STX | BPF_MEM | BPF_DW,
		  .dst_reg = BPF_REG_10,
		  .src_reg = BPF_REG_0,
		  .off = -8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_1, .imm = 1 },
		{ .code = BPF_STX | BPF_ATOMIC | BPF_DW,
		  .dst_reg = BPF_REG_10,
		  .src_reg = BPF_REG_1,
		  .off = -8,
		  .imm = BPF_CMPXCHG },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, NULL, "GPL", program,
			       sizeof(program) / sizeof(*program), NULL);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/*
 * Creates the smallest ring. A ring is a whole number of pages; some arm64 and ppc64le kernels have
 * pages of 16K or 64K.
 */
static int kernel_try_ring_buffer(void)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, NULL, 0, 0, (__u32)sysconf(_SC_PAGESIZE),
				NULL);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

int kernel_check(const char **ret_missing)
{
	int error = kernel_try_ring_buffer();

	if (error == -EPERM)
		return error;
	if (error) {
		*ret_missing = "BPF ring buffers (Linux 5.8)";
		return -ENOSYS;
	}
	/* The result does not matter here; -EPERM says that this process may not load programs. */
	if (kernel_try_compare_and_swap() == -EPERM)
		return -EPERM;
	return 0;
}

bool kernel_has_compare_and_swap(void)
{
	static int error = 1; /* not tried yet */

	if (error == 1)
		error = kernel_try_compare_and_swap();
	return !error;
}

/* Parses the kernel's BTF once: it has some 100,000 types. NULL: there is none. */
static const struct btf *kernel_btf(void)
{
	static struct btf *btf;
	static bool tried;

	if (!tried)
		btf = btf__load_vmlinux_btf();
	tried = true;
	return btf;
}

bool kernel_has_btf(void)
{
	return kernel_btf();
}

bool kernel_runs_tracing(void)
{
	/* A kernel without the sysctl has no ftrace to switch off. */
	int fd = open("/proc/sys/kernel/ftrace_enabled", O_RDONLY | O_CLOEXEC);
	char enabled = '1';

	if (fd < 0)
		return true;
	if (read(fd, &enabled, 1) != 1)
		enabled = '1';
	close(fd);
	return enabled != '0';
}

bool kernel_has_function(const char *name)
{
	return kernel_btf() && btf__find_by_name_kind(kernel_btf(), name, BTF_KIND_FUNC) > 0;
}
