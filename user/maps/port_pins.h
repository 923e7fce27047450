/* SPDX-License-Identifier: GPL-2.0-only */
/* port_pins: the pinned maps of the ports, made with the first port, and what is written into them. */
#ifndef MAPS_PORT_PINS_H
#define MAPS_PORT_PINS_H

#include "maps/pins.h"

#define PORT_PINS_MAPS 7

struct port_pins {
	int ports_fd, counters_fd, members_fd, stations_fd, devices_fd, addresses_fd, shares_fd;
	struct vfsteer_port
		*ports; /* VFSTEER_MAX_PORTS of them, shared with the kernel; NULL: these pins are not open */
	size_t mapping_size;
};

/*
 * Opens what is pinned under pins->directory. PINS_ABSENT: there were never any ports. Otherwise as pins_open, of which @message and the
 * rest are known, too; PINS_UNREADABLE is also a set that an agent did not live to complete, which port_pins_make replaces.
 */
enum pins_error port_pins_open(const struct pins *pins, bool writable, struct port_pins *ret, char *message,
			       size_t size);

/* As port_pins_open, for the agent: with room for all counters, where an earlier version had fewer. */
enum pins_error port_pins_adopt(const struct pins *pins, struct port_pins *ret, char *message, size_t size);

/* Makes and pins them anew; what is left of earlier ones goes. Returns 0 or -errno. */
int port_pins_make(const struct pins *pins, struct port_pins *ret);

/* What port_pins_open has not opened is fine. */
void port_pins_close(struct port_pins *pins);

/* Closes and unpins them, when there is no port any more. */
void port_pins_remove(const struct pins *pins, struct port_pins *ports);

/* Unpins all that there are under "<bpffs>/vfsteer". Returns 0 or -errno of the first that failed. */
int port_pins_unpin(const char *directory);

/* The number of the port called @name, or -1. */
int port_pins_find(const struct port_pins *pins, const char *name);

/* A number that is free, or -1. */
int port_pins_find_free(const struct port_pins *pins);

/* The ports of the pair in @slot, and what its devices do for them. Return 0 or -errno. */
int port_pins_members(const struct port_pins *pins, unsigned slot, struct vfsteer_members *ret);
int port_pins_set_members(const struct port_pins *pins, unsigned slot, const struct vfsteer_members *members);

/* Frames for @mac on the network of the pair in @slot are the port's with @number. Removing what is not there is fine. Return 0 or -errno. */
int port_pins_add_station(const struct port_pins *pins, unsigned slot, const __u8 mac[6], __u32 ifindex, __u32 number);
int port_pins_remove_station(const struct port_pins *pins, unsigned slot, const __u8 mac[6]);

/* XDP programs may redirect to the device, or no longer. Likewise. */
int port_pins_add_device(const struct port_pins *pins, __u32 ifindex);
int port_pins_remove_device(const struct port_pins *pins, __u32 ifindex);

/* Forgets the addresses seen behind the port with @number. */
void port_pins_forget_addresses(const struct port_pins *pins, unsigned number);

/* Sums the counters of the port with @number over all CPUs. Returns 0 or -errno. */
int port_pins_counters(const struct port_pins *pins, unsigned number, struct vfsteer_port_counters *ret);

/* Sets them to zero. Returns 0 or -errno. */
int port_pins_clear_counters(const struct port_pins *pins, unsigned number);

#endif
