/* SPDX-License-Identifier: GPL-2.0-only */
/* port_peer: makes a veth's other end take XDP frames, by turning GRO on there (Linux 5.13); in another network namespace, too. */
#ifndef PORT_PORT_PEER_H
#define PORT_PORT_PEER_H

/*
 * @name: the end that is here. Returns 0, also where GRO was on already or @name is no veth; -ESRCH when the other end's namespace is not found
 * (in /run/netns, nor of any process); -EPERM without CAP_SYS_ADMIN, if it is another namespace; or another -errno.
 */
int port_peer_turn_gro_on(const char *name);

#endif
