/* SPDX-License-Identifier: GPL-2.0-only */
/* pin: one pinned map of ours, opened and checked. For pins*.c and port_pins.c. */
#ifndef MAPS_PIN_H
#define MAPS_PIN_H

#include "maps/pins.h"

struct pin_layout {
	const char *name; /* of the map and of its pin */
	__u32 type, key_size, value_size, flags;
	__u32 entries; /* 0: as many as there are */
	bool grows;    /* it holds counters (percpu.h): another version's has fewer or more */
};

#define PIN_NEW_PREFIX "new-" /* of a pin that is to take another's place */

/*
 * Opens <directory>/NAME. *ret_fd is the caller's to close, and -1 on failure; @message (of @size bytes) then says why, as with pins_open.
 * Returns PINS_OK, PINS_ABSENT, PINS_DENIED, PINS_UNREADABLE or PINS_SYSTEM.
 */
enum pins_error pin_open(const char *directory, const struct pin_layout *layout, bool writable, int *ret_fd,
			 char *message, size_t size);

/* Is it the map that @layout describes? Returns PINS_OK, or as pin_open, or PINS_FOREIGN_VERSION. */
enum pins_error pin_check(const char *directory, const struct pin_layout *layout, int fd, char *message, size_t size);

/*
 * Puts the empty map @new_fd in the place of the narrower @fd, which has counters of an earlier version, copied; pin included. The programs that
 * count in the old one go on until they are replaced, which follows: what they count until then is lost. Returns 0 and *fd is the new map's; or
 * -errno, and all is as before.
 */
int pin_widen(const char *directory, const struct pin_layout *layout, int *fd, int new_fd);

/* Writes the message and returns @error. */
__attribute__((format(printf, 4, 5))) enum pins_error pin_fail(char *message, size_t size, enum pins_error error,
							       const char *format, ...);

/* EPERM is the bpf system call's way of saying so (kernel.unprivileged_bpf_disabled), EACCES the file system's. */
bool pin_is_denied(int error);

#endif
