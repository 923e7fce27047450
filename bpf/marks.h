/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What one program tells the next about a frame, in skb->tc_index: it is kept by a redirect, and copied to a clone. Whoever is told
 * clears it.
 */
#ifndef MARKS_H
#define MARKS_H

/* From primary_ingress to standby_ingress: came over the primary, already judged and counted. */
#define STEER_MARK 0x7646

/* From port_ingress to ports_egress: came from the port that skb->ingress_ifindex names. */
#define PORT_MARK_FROM 0x7647

/* From ports_egress to ports_ingress, past standby_ingress: a port's frame for the host, which no wire brought. */
#define PORT_MARK_LOCAL 0x7648

#endif
