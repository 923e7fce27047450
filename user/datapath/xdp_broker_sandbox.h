/* SPDX-License-Identifier: GPL-2.0-only */
/* xdp_broker_sandbox: restricts the broker's system calls. */
#ifndef DATAPATH_XDP_BROKER_SANDBOX_H
#define DATAPATH_XDP_BROKER_SANDBOX_H

/*
 * Allows this thread recvmsg, sendmsg, close, exit_group, the return from a signal handler and, of
 * bpf(2), BPF_PROG_GET_FD_BY_ID and BPF_OBJ_GET_INFO_BY_FD. All others fail with EPERM. Needs
 * no_new_privs or CAP_SYS_ADMIN. Returns 0 or -errno; 0 without effect on an architecture unknown
 * here, and on a kernel without seccomp.
 */
int xdp_broker_sandbox(void);

#endif
