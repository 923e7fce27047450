/* SPDX-License-Identifier: GPL-2.0-only */
/* pin: one of our pinned maps, opened and checked. For pins*.c and port_pins.c. */
#ifndef MAPS_PIN_H
#define MAPS_PIN_H

#include "maps/pins.h"

struct pin_layout {
	const char *name; /* of the map and of its pin */
	__u32 type, key_size, value_size, flags;
	__u32 entries; /* 0: any number */
	bool grows;    /* it holds counters (percpu.h): another version's has fewer or more */
};

#define PIN_NEW_PREFIX "new-" /* of a pin that replaces another one */

/*
 * Opens <directory>/NAME. Returns PINS_OK, PINS_ABSENT, PINS_DENIED, PINS_UNREADABLE or
 * PINS_SYSTEM. The caller closes *ret_fd, which is -1 on failure; @message (of @size bytes) is then
 * as of pins_open.
 */
enum pins_error pin_open(const char *directory, const struct pin_layout *layout, bool writable,
			 int *ret_fd, char *message, size_t size);

/*
 * Is it the map that @layout describes? Returns PINS_OK, or as pin_open, or PINS_FOREIGN_VERSION.
 */
enum pins_error pin_check(const char *directory, const struct pin_layout *layout, int fd,
			  char *message, size_t size);

/*
 * Replaces the map *fd, which has the counters of an earlier version, with the empty map @new_fd:
 * copies the counters and replaces the pin. Programs count in the old map until they are replaced,
 * which follows; those counts are lost. Returns 0, and *fd is of the new map; or -errno, and
 * nothing changed.
 */
int pin_widen(const char *directory, const struct pin_layout *layout, int *fd, int new_fd);

/* Writes @message (of @size bytes) and returns @error. */
__attribute__((format(printf, 4, 5))) enum pins_error
pin_fail(char *message, size_t size, enum pins_error error, const char *format, ...);

/*
 * Does the errno @error mean missing privileges? EPERM comes from the bpf system call
 * (kernel.unprivileged_bpf_disabled), EACCES from the file system.
 */
bool pin_is_denied(int error);

#endif
