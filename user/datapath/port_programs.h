/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * port_programs: the programs of bpf/port.bpf.c, loaded for one pair or one port, and the hooks they are attached to. Attaching is
 * replacing, atomically, what an earlier agent left there.
 */
#ifndef DATAPATH_PORT_PROGRAMS_H
#define DATAPATH_PORT_PROGRAMS_H

#include "datapath/hook.h"
#include "datapath/xdp.h"
#include "maps/port_pins.h"

/* What is the same for all frames that a program ever meets. */
struct port_constants {
	unsigned slot;		     /* of the pair */
	bool is_port;		     /* the programs of one port, else those of the pair for all of its ports */
	unsigned port;		     /* the port's number */
	unsigned passthrough_port;   /* of the pair; VFSTEER_MAX_PORTS: it has none. For a pair's programs */
	bool comes_from_veth;	     /* frames come from a veth; for a pair's programs: one of its devices is one */
	bool uplinks_take_fragments; /* both devices of the pair may be given XDP frames of several buffers */
};

/* Descriptors; -1: not loaded. */
struct port_programs {
	int egress_fd, ingress_fd; /* tc; a port has no program on its egress */
	int xdp_fd;		   /* -1 as well where the kernel or the driver is to have none */
};

#define PORT_PROGRAMS_NONE                                                                                             \
	(struct port_programs)                                                                                         \
	{                                                                                                              \
		.egress_fd = -1, .ingress_fd = -1, .xdp_fd = -1                                                        \
	}

/*
 * Loads them from the object that suits the kernel; their liveness check is that of the pair's own programs. Without @xdp the tc programs
 * only. Returns 0 or -errno, *ret untouched. Whoever attaches them may close them.
 */
int port_programs_load(const struct pins *pins, const struct port_pins *ports, const struct port_constants *constants,
		       bool xdp, struct port_programs *ret);
void port_programs_close(struct port_programs *programs);

/* The hooks, by ifindex, of a pair's standby and of a port. */
struct hook port_programs_standby_egress(const struct pins *pins, int ifindex);
struct hook port_programs_standby_ingress(const struct pins *pins, int ifindex);
struct hook port_programs_port_ingress(const struct pins *pins, int ifindex);

struct xdp port_programs_standby_xdp(const struct pins *pins, int ifindex);
struct xdp port_programs_primary_xdp(const struct pins *pins, int ifindex);
struct xdp port_programs_port_xdp(const struct pins *pins, int ifindex);

#endif
