/* SPDX-License-Identifier: GPL-2.0-only */
/* report_ports: the ports' part of the read model, from their own pins. */
#ifndef REPORT_REPORT_PORTS_H
#define REPORT_REPORT_PORTS_H

#include "datapath/bypass.h"
#include "datapath/hook.h"
#include "maps/pins.h"
#include "maps/port_pins.h"

#define REPORT_PORTS_WHY_SIZE 192

struct report_port {
	char name[VFSTEER_NAME_SIZE];
	char pair[VFSTEER_NAME_SIZE];
	char mac[18];
	bool passthrough, configured;
	bool present; /* bound to its interface */
	enum vfsteer_port_driver takes_by, delivers_by;
	/* why not by XDP, or why not present; empty: XDP both ways */
	char why[REPORT_PORTS_WHY_SIZE];
	struct hook_others ingress_others; /* programs of others before ours, on its ingress */
	struct hook_others ingress_behind; /* the same, after ours */
	/* the effect of these; empty: none */
	char before[BYPASS_TEXT_SIZE], behind[BYPASS_TEXT_SIZE];
	struct vfsteer_port_counters counters;
};

/* What a device of a pair does for the ports. */
struct report_uplink {
	enum vfsteer_port_driver driver;
	enum vfsteer_port_obstacle why;
};

struct report_ports {
	unsigned count;
	struct report_port ports[VFSTEER_MAX_PORTS];
	struct {
		struct report_uplink standby, primary;
	} uplinks[VFSTEER_MAX_PAIRS]; /* by slot */
};

/*
 * Reads all ports; none without readable pins of ports. Returns 0 and the caller frees *ret, or
 * -ENOMEM.
 */
int report_ports_read(const struct pins *pins, struct report_ports **ret);

#endif
