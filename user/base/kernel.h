/* SPDX-License-Identifier: GPL-2.0-only */
/* kernel: what the running kernel offers to BPF. The kernel is asked; its version is not used. */
#ifndef BASE_KERNEL_H
#define BASE_KERNEL_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Checks for what vfsteer requires: ring buffers (Linux 5.8, BPF_MAP_TYPE_RINGBUF). Returns 0;
 * -ENOSYS, and *ret_missing names the feature and its first kernel version (a static string);
 * -EPERM if this process may not use BPF.
 */
int kernel_check(const char **ret_missing);

/*
 * Does the kernel's BPF have a 64-bit compare-and-swap (Linux 5.12, BPF_CMPXCHG)? bpf/pair.h says
 * what programs do without. The answer is kept after the first call.
 */
bool kernel_has_compare_and_swap(void);

/*
 * Does the kernel have BTF for its own types (CONFIG_DEBUG_INFO_BTF, /sys/kernel/btf/vmlinux)?
 * Without BTF no watch program loads, and no kernel structure can be read.
 */
bool kernel_has_btf(void);

/*
 * Can functions be traced? Not while the sysctl kernel.ftrace_enabled is 0. Linux 5.10 then refuses
 * to attach a fentry program, and refuses to clear the sysctl while one is attached. Linux 6.1 and
 * later attach it, but it does not run (register_ftrace_direct in kernel/trace/ftrace.c).
 */
bool kernel_runs_tracing(void);

/* Does the kernel's BTF have a function called @name? */
bool kernel_has_function(const char *name);

#endif
