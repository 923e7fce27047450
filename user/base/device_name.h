/* SPDX-License-Identifier: GPL-2.0-only */
/* device_name: what can be the name of a device. */
#ifndef BASE_DEVICE_NAME_H
#define BASE_DEVICE_NAME_H

#include <stddef.h>

#define DEVICE_NAME_SIZE 128 /* of an ifname or altname: ALTIFNAMSIZ of <linux/if.h> */

/*
 * Why @name cannot be a device's ifname or altname, by the kernel's own rules and, for '=', by those of --pair: "is empty", a static string.
 * NULL when it can.
 */
const char *device_name_flaw(const char *name);

/* The same for the first @length characters of @name. */
const char *device_name_flaw_in(const char *name, size_t length);

/* The same for what has to be an ifname, of 15 characters at most. */
const char *ifname_flaw(const char *name);

#endif
