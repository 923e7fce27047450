/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xdp_broker: a process beside the agent with one task: it returns a descriptor of the XDP program
 * with a given id, if that is attached to a given device. BPF_PROG_GET_FD_BY_ID needs
 * CAP_SYS_ADMIN, which the agent gives up. The broker keeps only that capability, and a seccomp
 * filter allows it five system calls. It ends with the agent.
 */
#ifndef DATAPATH_XDP_BROKER_H
#define DATAPATH_XDP_BROKER_H

#include <stdint.h>

/*
 * The socket of the unit vfsteer-xdp.socket, for an agent without CAP_SYS_ADMIN to start a broker.
 */
#define XDP_BROKER_ADDRESS "/run/vfsteer-xdp"

/*
 * Starts the broker, if this process has CAP_SYS_ADMIN. Must be called before the process gives up
 * capabilities or starts a thread. If it fails, xdp_broker_ask tries XDP_BROKER_ADDRESS.
 */
void xdp_broker_start(void);

/* Ends the broker of xdp_broker_start. */
void xdp_broker_stop(void);

/*
 * Asks for the program @program of the device @ifindex. Returns a descriptor, which the caller
 * closes; -ENOENT: another program is attached now; -ENOTCONN: there is no broker; -ETIMEDOUT: the
 * broker or the kernel did not answer within 3 s; or another -errno of the kernel.
 */
int xdp_broker_ask(int ifindex, uint32_t program);

/*
 * Runs the broker: drops privileges and answers on @fd, a connected SOCK_SEQPACKET socket, until
 * that is closed. Returns an exit status. `vfsteer xdp-broker` does this on its stdin, for
 * vfsteer-xdp@.service.
 */
int xdp_broker_serve(int fd);

#endif
