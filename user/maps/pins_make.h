/* SPDX-License-Identifier: GPL-2.0-only */
/* pins_make: the agent's way to the pins: it locks the directory, adopts what is there, or makes it. */
#ifndef MAPS_PINS_MAKE_H
#define MAPS_PINS_MAKE_H

#include "maps/pins.h"

/*
 * Locks <bpffs>/vfsteer for this process (flock on the directory, released when the descriptor closes) and opens the
 * maps in it, or makes them and pins them. Returns as
 * pins_open, PINS_LOCKED when another agent holds them; *ret_adopted tells whether they were there before.
 */
enum pins_error pins_make(const char *bpffs, struct pins *ret, bool *ret_adopted, char *message, size_t size);

/*
 * Unpins every link, the maps and the directory. The caller has taken the programs from their hooks; links that are
 * pinned still end here. Closes @pins. Returns 0 or -errno of the first that failed (all are tried).
 */
int pins_remove(struct pins *pins);

/* The same for a directory whose maps cannot be opened (damaged, another version): by path alone, and only names
 * that vfsteer pins. Returns 0 or -errno; 0 also where a sandbox keeps the empty directory from being removed. */
int pins_remove_directory(const char *directory);

/* Writes the path of a pinned link: "<directory>/links/NAME-IFINDEX", or without the number when it is 0. */
void pins_link_path(const struct pins *pins, const char *name, int ifindex, char *path, size_t size);

/* The ifindex that the name of a pinned link, or the end of one, ends with; 0 when it does not end with "-" (or begin)
 * and a number. */
int pins_link_ifindex(const char *name);

/* Unpins the links whose name begins with @prefix and that @keep, called with the rest of the name, does not
 * want. Returns how many went. */
unsigned pins_sweep_links(const struct pins *pins, const char *prefix, bool (*keep)(const char *rest, void *argument),
			  void *argument);

#endif
