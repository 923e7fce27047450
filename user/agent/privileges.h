/* SPDX-License-Identifier: GPL-2.0-only */
/* privileges: what the agent may do: four capabilities, for every thread of it, and no way back to more. */
#ifndef AGENT_PRIVILEGES_H
#define AGENT_PRIVILEGES_H

/*
 * Gives up every capability but CAP_BPF, CAP_NET_ADMIN, CAP_NET_RAW and CAP_PERFMON: permitted and effective; the
 * bounding set, if CAP_SETPCAP allows it; inheritable and ambient become empty, and no_new_privs is set. Before that it
 * takes what needs more: a high priority, and the limits for realtime threads and for locked memory; what of those is
 * refused costs promptness at most, and the log tells of the first. To be called before there is a second thread:
 * threads made later inherit.
 *
 * Where CAP_BPF or CAP_PERFMON is not to be had (they are of Linux 5.8) and CAP_SYS_ADMIN, which includes both, is,
 * that is kept as well, and the log says so. Returns 0; -EPERM when one of the four is missing, which the log names
 * with what is lost without it; or another -errno, logged. On failure nothing has been changed, but for what a kernel
 * that fails half-way did.
 */
int privileges_drop(void);

#endif
