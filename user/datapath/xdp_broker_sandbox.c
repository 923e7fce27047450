/* SPDX-License-Identifier: GPL-2.0-only */
#include "datapath/xdp_broker_sandbox.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define SANDBOX_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define SANDBOX_ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__s390x__)
#define SANDBOX_ARCHITECTURE AUDIT_ARCH_S390X
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define SANDBOX_ARCHITECTURE AUDIT_ARCH_PPC64LE
#elif defined(__riscv) && __riscv_xlen == 64
#define SANDBOX_ARCHITECTURE AUDIT_ARCH_RISCV64
#endif

#ifdef SANDBOX_ARCHITECTURE

/* The low half of the first argument. */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define SANDBOX_ARGUMENT (offsetof(struct seccomp_data, args[0]) + sizeof(__u32))
#else
#define SANDBOX_ARGUMENT offsetof(struct seccomp_data, args[0])
#endif

#define SANDBOX_DENY (SECCOMP_RET_ERRNO | EPERM)
/* Allows the value loaded last, if it is @value. */
#define SANDBOX_ALLOW(value)                                                                       \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1),                                          \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

int xdp_broker_sandbox(void)
{
	static struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SANDBOX_ARCHITECTURE, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SANDBOX_DENY),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		SANDBOX_ALLOW(SYS_recvmsg),
		SANDBOX_ALLOW(SYS_sendmsg),
		SANDBOX_ALLOW(SYS_close),
		SANDBOX_ALLOW(SYS_exit_group),
		SANDBOX_ALLOW(SYS_rt_sigreturn),
		SANDBOX_ALLOW(SYS_restart_syscall),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SANDBOX_DENY),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SANDBOX_ARGUMENT),
		SANDBOX_ALLOW(BPF_PROG_GET_FD_BY_ID),
		SANDBOX_ALLOW(BPF_OBJ_GET_INFO_BY_FD),
		BPF_STMT(BPF_RET | BPF_K, SANDBOX_DENY),
	};
	const struct sock_fprog program = { .len = sizeof(code) / sizeof(*code), .filter = code };

	if (!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0))
		return 0;
	return errno == EINVAL ? 0 : -errno; /* EINVAL: no seccomp in this kernel */
}

#else

int xdp_broker_sandbox(void)
{
	return 0;
}

#endif
