/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Values of skb->tc_index that one program sets for the next. A redirect keeps the value, and a
 * clone copies it. The program that reads a mark clears it.
 */
#ifndef MARKS_H
#define MARKS_H

/* primary_ingress to standby_ingress: received by the primary, already checked and counted. */
#define STEER_MARK 0x7646

/* port_ingress to ports_egress: from the port that skb->ingress_ifindex names. */
#define PORT_MARK_FROM 0x7647

/*
 * ports_egress to ports_ingress, past standby_ingress: a frame of a port for the host, from no
 * wire.
 */
#define PORT_MARK_LOCAL 0x7648

#endif
