/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pins_make: how the agent gets its pins: it locks the directory, then adopts the maps in it or
 * creates them.
 */
#ifndef MAPS_PINS_MAKE_H
#define MAPS_PINS_MAKE_H

#include "maps/pins.h"

/*
 * Locks <bpffs>/vfsteer for this process (flock on the directory, released when the descriptor
 * closes). Opens the maps in it, or creates and pins them. Returns as pins_open, or PINS_LOCKED if
 * another agent has the lock. *ret_adopted: the maps existed before.
 */
enum pins_error pins_make(const char *bpffs, struct pins *ret, bool *ret_adopted, char *message,
			  size_t size);

/*
 * Unpins every link, the maps and the directory. The caller has detached the programs; links that
 * are still pinned are detached by this. Closes @pins. Tries all; returns 0 or the first -errno.
 */
int pins_remove(struct pins *pins);

/*
 * The same, by path alone, for a directory whose maps cannot be opened (damaged, another version).
 * Removes only names that vfsteer pins. Returns 0 or -errno; 0 also if a sandbox keeps the empty
 * directory.
 */
int pins_remove_directory(const char *directory);

/*
 * Writes the path of a pinned link: "<directory>/links/NAME-IFINDEX"; without the number if
 * @ifindex is 0.
 */
void pins_link_path(const struct pins *pins, const char *name, int ifindex, char *path,
		    size_t size);

/*
 * Returns the ifindex at the end of a pinned link's name, or of a part of it; 0 if there is none.
 */
int pins_link_ifindex(const char *name);

/*
 * Unpins the links whose name begins with @prefix, unless @keep returns true for the rest of the
 * name. Returns how many were unpinned.
 */
unsigned pins_sweep_links(const struct pins *pins, const char *prefix,
			  bool (*keep)(const char *rest, void *argument), void *argument);

#endif
