/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * port_programs: the programs of bpf/port.bpf.c, loaded for one pair or one port, and their hooks.
 * Attaching replaces an earlier agent's program atomically.
 */
#ifndef DATAPATH_PORT_PROGRAMS_H
#define DATAPATH_PORT_PROGRAMS_H

#include "datapath/hook.h"
#include "datapath/xdp.h"
#include "maps/port_pins.h"

/* Constants of a loaded program. */
struct port_constants {
	unsigned slot;		     /* of the pair */
	bool is_port;		     /* of one port; false: of the pair, for all of its ports */
	unsigned port;		     /* the port's number */
	/* of the pair; VFSTEER_MAX_PORTS: none. For a pair's programs */
	unsigned passthrough_port;
	/* frames come from a veth; for a pair's programs: one of its devices is a veth */
	bool comes_from_veth;
	/* both devices of the pair accept XDP frames of several buffers */
	bool uplinks_take_fragments;
};

/* Descriptors; -1: not loaded. */
struct port_programs {
	int egress_fd, ingress_fd; /* tc; a port has no program on its egress */
	int xdp_fd;		   /* -1 also if the kernel or the driver should have none */
};

#define PORT_PROGRAMS_NONE                                                                         \
	(struct port_programs)                                                                     \
	{                                                                                          \
		.egress_fd = -1, .ingress_fd = -1, .xdp_fd = -1                                    \
	}

/*
 * Loads them from the object for this kernel, with the liveness check of the pair's own programs.
 * Without @xdp only the tc programs. Returns 0 or -errno, *ret untouched. They may be closed once
 * attached.
 */
int port_programs_load(const struct pins *pins, const struct port_pins *ports,
		       const struct port_constants *constants, bool xdp, struct port_programs *ret);
void port_programs_close(struct port_programs *programs);

/* The hooks of a pair's standby and primary, and of a port, by ifindex. */
struct hook port_programs_standby_egress(const struct pins *pins, int ifindex);
struct hook port_programs_standby_ingress(const struct pins *pins, int ifindex);
struct hook port_programs_port_ingress(const struct pins *pins, int ifindex);

struct xdp port_programs_standby_xdp(const struct pins *pins, int ifindex);
struct xdp port_programs_primary_xdp(const struct pins *pins, int ifindex);
struct xdp port_programs_port_xdp(const struct pins *pins, int ifindex);

#endif
