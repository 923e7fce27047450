/* SPDX-License-Identifier: GPL-2.0-only */
/* names: the names that a user gives to a command, of devices that have several. */
#ifndef CLI_FIND_PAIR_H
#define CLI_FIND_PAIR_H

#include "maps/pins.h"

#include <net/if.h>

/* Slot of the pair whose standby is called @name: by its ifname as the map has it, else by an altname that a device of this network namespace has.
 * -1: none. */
int names_find_pair(const struct pins *pins, const char *name);

/* The ifname of the device that is called @name; or @name itself where none is, for it may be that of one that is away. Returns 0, or -ENODEV: none
 * is, and no ifname is so long. */
int names_resolve(const char *name, char ret[IF_NAMESIZE]);

#endif
