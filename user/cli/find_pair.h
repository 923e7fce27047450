/* SPDX-License-Identifier: GPL-2.0-only */
/* names: resolves the names that a user gives to a command; a device may have several. */
#ifndef CLI_FIND_PAIR_H
#define CLI_FIND_PAIR_H

#include "maps/pins.h"

#include <net/if.h>

/*
 * Returns the slot of the pair whose standby has the name @name: its ifname in the map, or an
 * altname of a device in this network namespace. -1: none.
 */
int names_find_pair(const struct pins *pins, const char *name);

/* A pair that a command changes, and the pins it is in. */
struct named_pair {
	struct pins pins; /* writable; the caller closes them */
	unsigned slot;
	char owner[VFSTEER_NAME_SIZE];
};

/*
 * Opens the pins under @bpffs and finds the pair @name for @command. Returns 0, or the exit status
 * after one line; then nothing is open.
 */
int names_open_pair(const char *command, const char *bpffs, const char *name,
		    struct named_pair *ret);

/*
 * Writes the ifname of the device called @name; @name itself if there is no such device, which may
 * be absent now. Returns 0, or -ENODEV if there is none and @name is too long for an ifname.
 */
int names_resolve(const char *name, char ret[IF_NAMESIZE]);

#endif
