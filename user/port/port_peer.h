/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * port_peer: makes a veth's other end accept XDP frames, by turning GRO on there (Linux 5.13), also
 * in another network namespace.
 */
#ifndef PORT_PORT_PEER_H
#define PORT_PORT_PEER_H

/*
 * @name: the end in this namespace. Returns 0, also if GRO was on or @name is no veth; -ESRCH if
 * the other end's namespace is not found (in /run/netns, or of a process); -EPERM without
 * CAP_SYS_ADMIN for another namespace; or another -errno.
 */
int port_peer_turn_gro_on(const char *name);

#endif
