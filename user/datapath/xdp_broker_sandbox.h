/* SPDX-License-Identifier: GPL-2.0-only */
/* xdp_broker_sandbox: the system calls that are left to the broker. */
#ifndef DATAPATH_XDP_BROKER_SANDBOX_H
#define DATAPATH_XDP_BROKER_SANDBOX_H

/*
 * Leaves this thread recvmsg, sendmsg, close, exit_group, the return from a signal handler, and of bpf(2) BPF_PROG_GET_FD_BY_ID and
 * BPF_OBJ_GET_INFO_BY_FD; any other fails with EPERM. no_new_privs has to be set, or CAP_SYS_ADMIN to be there. Returns 0 or -errno; 0 as
 * well, with nothing done, on an architecture whose number for seccomp is not known here, and on a kernel without seccomp.
 */
int xdp_broker_sandbox(void);

#endif
