/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xdp_broker: a process beside the agent that answers one question: "a descriptor of the XDP program with this id, if it is on this
 * device". BPF_PROG_GET_FD_BY_ID takes CAP_SYS_ADMIN, which the agent gives up; the broker keeps that capability alone, and a seccomp
 * filter leaves it five system calls. It ends with the agent.
 */
#ifndef DATAPATH_XDP_BROKER_H
#define DATAPATH_XDP_BROKER_H

#include <stdint.h>

/* Where the unit vfsteer-xdp.socket listens, for an agent that has no CAP_SYS_ADMIN to make a broker with. */
#define XDP_BROKER_ADDRESS "/run/vfsteer-xdp"

/*
 * Makes the broker, if this process has CAP_SYS_ADMIN: before it gives up its capabilities and before it has a second thread. Without
 * it, or when the process cannot be made, xdp_broker_ask tries XDP_BROKER_ADDRESS.
 */
void xdp_broker_start(void);

/* Ends the one that xdp_broker_start made. */
void xdp_broker_stop(void);

/*
 * Asks for program @program of device @ifindex. Returns a descriptor, the caller's to close; -ENOENT: another program is there by now;
 * -ENOTCONN: there is no broker; -ETIMEDOUT: it, or the kernel, does not answer within 3 s; or another -errno of the kernel.
 */
int xdp_broker_ask(int ifindex, uint32_t program);

/*
 * The broker's life: gives up all that it does not need and answers on @fd, a connected socket that keeps messages apart, until that is
 * closed. Returns an exit status. `vfsteer xdp-broker` does so on its stdin, for vfsteer-xdp@.service.
 */
int xdp_broker_serve(int fd);

#endif
