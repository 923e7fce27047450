/* SPDX-License-Identifier: GPL-2.0-only */
/* port_pins: the pinned maps of the ports, created with the first port, and their contents. */
#ifndef MAPS_PORT_PINS_H
#define MAPS_PORT_PINS_H

#include "maps/pins.h"

#define PORT_PINS_MAPS 7

struct port_pins {
	int ports_fd, counters_fd, members_fd, stations_fd, devices_fd, addresses_fd, shares_fd;
	struct vfsteer_port
		/*
		 * VFSTEER_MAX_PORTS of them, shared with the kernel; NULL: these pins are not open
		 */
		*ports;
	size_t mapping_size;
};

/*
 * Opens the ports' pins under pins->directory. Returns as pins_open, with @message (of @size
 * bytes); PINS_ABSENT: there never were ports; PINS_UNREADABLE also for an incomplete set, which a
 * killed agent left and port_pins_make replaces.
 */
enum pins_error port_pins_open(const struct pins *pins, bool writable, struct port_pins *ret,
			       char *message, size_t size);

/*
 * As port_pins_open, writable, for the agent: maps of an earlier version, with fewer counters, get
 * room for all.
 */
enum pins_error port_pins_adopt(const struct pins *pins, struct port_pins *ret, char *message,
				size_t size);

/* Creates and pins the maps, and removes what is left of earlier ones. Returns 0 or -errno. */
int port_pins_make(const struct pins *pins, struct port_pins *ret);

/* Also takes pins that are not open. */
void port_pins_close(struct port_pins *pins);

/* Closes and unpins them, after the last port was removed. */
void port_pins_remove(const struct pins *pins, struct port_pins *ports);

/*
 * Unpins all ports' maps under @directory, "<bpffs>/vfsteer". Tries all; returns 0 or the first
 * -errno.
 */
int port_pins_unpin(const char *directory);

/* Returns the number of the port called @name, or -1. */
int port_pins_find(const struct port_pins *pins, const char *name);

/* Returns a free number, or -1. */
int port_pins_find_free(const struct port_pins *pins);

/* The ports of the pair in @slot, and what its devices do for them. Each returns 0 or -errno. */
int port_pins_members(const struct port_pins *pins, unsigned slot, struct vfsteer_members *ret);
int port_pins_set_members(const struct port_pins *pins, unsigned slot,
			  const struct vfsteer_members *members);

/*
 * Frames for @mac on the network of the pair in @slot go to the port @number. Removing a missing
 * entry is success. Each returns 0 or -errno.
 */
int port_pins_add_station(const struct port_pins *pins, unsigned slot, const __u8 mac[6],
			  __u32 ifindex, __u32 number);
int port_pins_remove_station(const struct port_pins *pins, unsigned slot, const __u8 mac[6]);

/*
 * Allows XDP programs to redirect to the device, or no longer. Removing a missing entry is success.
 * Each returns 0 or -errno.
 */
int port_pins_add_device(const struct port_pins *pins, __u32 ifindex);
int port_pins_remove_device(const struct port_pins *pins, __u32 ifindex);

/* Deletes the addresses seen behind the port @number. */
void port_pins_forget_addresses(const struct port_pins *pins, unsigned number);

/* Sums the counters of the port @number over all CPUs. Returns 0 or -errno. */
int port_pins_counters(const struct port_pins *pins, unsigned number,
		       struct vfsteer_port_counters *ret);

/* Sets the port's counters to zero. Returns 0 or -errno. */
int port_pins_clear_counters(const struct port_pins *pins, unsigned number);

#endif
