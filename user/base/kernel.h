/* SPDX-License-Identifier: GPL-2.0-only */
/* kernel: what the running kernel offers to BPF, asked of the kernel itself and not guessed from its version. */
#ifndef BASE_KERNEL_H
#define BASE_KERNEL_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Checks for what vfsteer cannot do without: ring buffers (Linux 5.8). Returns 0; -ENOSYS with *ret_missing naming the feature and
 * since when Linux has it (static string); -EPERM when this process may not use BPF.
 */
int kernel_check(const char **ret_missing);

/* Has the kernel's BPF a 64-bit compare-and-swap (Linux 5.12)? The programs without it: bpf/pair.h. */
bool kernel_has_compare_and_swap(void);

/* Does the kernel describe its own types (CONFIG_DEBUG_INFO_BTF, /sys/kernel/btf/vmlinux)? Without, nothing of it can be watched or read. */
bool kernel_has_btf(void);

/*
 * Does the kernel run what traced functions are traced by? With sysctl kernel.ftrace_enabled at 0 it does not: Linux 5.10 then
 * refuses to attach a fentry program, and to be switched off while there is one; 6.1 and later attach it, and leave the functions as they are.
 */
bool kernel_runs_tracing(void);

/* Does the kernel's BTF name this function? */
bool kernel_has_function(const char *name);

#endif
