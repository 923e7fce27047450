/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * privileges: what the agent may do: four capabilities, for all of its threads, which cannot be
 * extended.
 */
#ifndef AGENT_PRIVILEGES_H
#define AGENT_PRIVILEGES_H

/*
 * Keeps only CAP_BPF, CAP_NET_ADMIN, CAP_NET_RAW and CAP_PERFMON, permitted and effective. Reduces
 * the bounding set if CAP_SETPCAP allows it, empties inheritable and ambient, sets no_new_privs.
 * Before that, it takes a high priority and raises the limits for realtime threads and locked
 * memory; if refused, the agent may only be slower. Must be called before other threads start,
 * which inherit this.
 *
 * If CAP_BPF or CAP_PERFMON is missing (Linux 5.8 has both) and CAP_SYS_ADMIN, which includes them,
 * is there, it is kept instead, and that is logged. Returns 0; -EPERM if one of the four is
 * missing, logged with what is lost; or another -errno, logged. A failure changes nothing, unless
 * the kernel fails half-way.
 */
int privileges_drop(void);

#endif
